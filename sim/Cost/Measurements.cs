using System.Collections.Immutable;
using System.Text.Json;

namespace Fscrypt.Sim.Cost;

/// <summary>All times that were measured on Linux, with what the model counts in the same workloads.</summary>
public static class Measurements
{
    /// <summary>Shorter times are left out, in milliseconds: they are little more than noise.</summary>
    public const double MillisecondsMin = 1;

    private static readonly Lazy<ImmutableArray<Measurement>> Counted = new(Read);

    /// <summary>The workloads that were timed, in the order of the recording.</summary>
    public static ImmutableArray<Workload> Workloads { get; } = [.. Recorded().Select(r => r.Workload)];

    /// <summary>The times, with the counts that <see cref="Write"/> wrote down.</summary>
    public static ImmutableArray<Measurement> All => Counted.Value;

    /// <summary>Runs all workloads on the model, up to a minute, and writes the counts down: what comes with the program is written so.</summary>
    public static void Write(Stream stream)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = false });
        writer.WriteStartObject();
        writer.WriteStartArray("work");
        foreach (var work in Work.All)
            writer.WriteStringValue(work.Name);
        writer.WriteEndArray();
        foreach (var workload in Workloads)
        {
            writer.WriteStartObject(workload.ToString());
            foreach (var (column, counts) in workload.Count())
            {
                writer.WriteStartArray(column);
                foreach (var count in counts)
                    writer.WriteNumberValue(count);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            writer.Flush();
        }

        writer.WriteEndObject();
    }

    private static ImmutableArray<Measurement> Read()
    {
        using var counted = Open("counts.json");
        var all = ImmutableArray.CreateBuilder<Measurement>();
        foreach (var (workload, run) in Recorded())
        {
            foreach (var column in counted.RootElement.GetProperty(workload.ToString()).EnumerateObject())
            {
                var isThere = run.TryGetProperty($"{column.Name}_ms", out var time) || run.TryGetProperty($"{column.Name}{workload.Drop}_ms", out time);
                if (isThere && time.GetDouble() >= MillisecondsMin)
                    all.Add(new Measurement(workload, column.Name, time.GetDouble(), [.. column.Value.EnumerateArray().Select(c => c.GetInt64())]));
            }
        }

        return all.ToImmutable();
    }

    private static List<(Workload Workload, JsonElement Run)> Recorded()
    {
        using var document = Open("linux-6.18.44-ext4.json");
        var all = new List<(Workload, JsonElement)>();
        foreach (var run in document.RootElement.GetProperty("empty_files_dc2").EnumerateArray())
            Add(run, reads: false, drop: 2);
        foreach (var pages in document.RootElement.GetProperty("one_page_files").EnumerateObject())
        {
            foreach (var run in pages.Value.EnumerateArray())
                Add(run, reads: true, drop: pages.Name[^1] - '0');
        }

        return all;

        void Add(JsonElement run, bool reads, int drop)
            => all.Add((new Workload(run.GetProperty("n_enc").GetInt32(), run.GetProperty("n_bystander").GetInt32(), reads, drop), run.Clone()));
    }

    private static JsonDocument Open(string name)
    {
        using var stream = typeof(Measurements).Assembly.GetManifestResourceStream($"cost/{name}")!;
        return JsonDocument.Parse(stream);
    }
}
