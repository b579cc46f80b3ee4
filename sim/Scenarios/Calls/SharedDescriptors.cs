using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>Descriptors that several threads use: they are threads of one process, with one table.</summary>
internal static class SharedDescriptors
{
    private static readonly string[] OnMappings = ["mread", "mwrite", "munmap"];

    /// <summary>Those that several threads use which race.</summary>
    public static IReadOnlySet<string> Of(ScenarioSyntax scenario)
        => UsesOf(scenario).GroupBy(u => u.Name.Text).Where(uses => ThreadsOf(uses) > 1).Select(uses => uses.Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// What the model has not got of them: mappings, and paths that begin at a descriptor, in two threads; a descriptor that two threads
    /// open, which would be two numbers; and who is told of a failed write where two ask with one file.
    /// </summary>
    public static IEnumerable<NotModelled> MissingIn(ScenarioSyntax scenario)
    {
        var shared = Of(scenario);
        var mayFail = scenario.Faults.Any(f => f.Operation.Text == "write");
        foreach (var uses in UsesOf(scenario).Where(u => shared.Contains(u.Name.Text)).GroupBy(u => u.Name.Text))
        {
            var isOpenedTwice = ThreadsOf(uses.Where(u => u.Parameter == "NEW")) > 1;
            foreach (var use in uses)
            {
                var what = use.Parameter == "PATH" ? $"paths from descriptor {use.Name}"
                    : OnMappings.Contains(use.Operation) || (use.Operation == "mmap" && use.Parameter == "NEW") ? $"mapping {use.Name}"
                    : use.Parameter == "NEW" && isOpenedTwice ? $"opening {use.Name}"
                    : mayFail && use.Operation is "fsync" or "syncfs" ? $"{use.Operation} {use.Name} where writes may fail"
                    : null;
                if (what != null)
                    yield return new NotModelled(use.Name.Place, what + " in two threads");
            }
        }
    }

    private static int ThreadsOf(IEnumerable<Use> uses) => uses.Select(u => u.Thread).DistinctBy(t => t.Name.Text).Sum(t => (int)(t.Copies ?? 1));

    private static IEnumerable<Use> UsesOf(ScenarioSyntax scenario)
    {
        foreach (var thread in scenario.Threads)
        {
            foreach (var call in CallChecker.CallsOf(thread.Statements))
            {
                if (OperationForm.Named(call.Operation.Text) is not { } form)
                    continue;
                foreach (var (parameter, word) in form.Parameters.Zip(form.ArgumentsOf(call)))
                {
                    if (parameter.Name is "F" or "NEW")
                        yield return new Use(thread, word, parameter.Name, call.Operation.Text);
                    else if (parameter.Name == "PATH" && Paths.PartsOf(word.Text).Descriptor is { } descriptor)
                        yield return new Use(thread, word with { Text = descriptor }, parameter.Name, call.Operation.Text);
                }
            }
        }
    }

    private sealed record Use(ThreadSyntax Thread, Word Name, string Parameter, string Operation);
}
