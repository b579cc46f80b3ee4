using System.Globalization;
using System.Text.Json;

namespace Fscrypt.Sim.Conformance;

/// <summary>A recorded result in the canonical text that results have in scenarios.</summary>
internal static class RecordedResult
{
    /// <summary>The canonical text.</summary>
    /// <exception cref="FormatException">The result is none that the operation can have.</exception>
    public static string TextOf(string operation, JsonElement result)
    {
        var error = result.TryGetProperty("ret", out var ret) ? ret.GetString()! : throw new FormatException($"a result of {operation} has no ret");
        if (error != "OK")
            return error; // at whichever stage: scenarios have the error alone
        return operation switch
        {
            "rm_key" or "rm_key_all" => OK(Values(result, "flags")),
            "status" => Status(result),
            "get_policy" => OK([
                .. new[] { "size", "version", "contents", "names", "flags" }.Select(f => $"{f}={Number(result, f)}"), $"key={Text(result, "key")}",
            ]),
            "cat" or "read" or "mread" => Text(result, "data")!.Replace("\\0", "\0", StringComparison.Ordinal),
            "ls" or "lsfd" => string.Join(' ', Values(result, "names")),
            "lstat" or "fstat" => Stat(result),
            "fdpath" => Text(result, "path") + (Flag(result, "deleted") ? " (deleted)" : ""),
            "readlink" => Text(result, "target")!,
            _ => "OK",
        };
    }

    private static string Status(JsonElement result)
    {
        var status = Text(result, "status")!;
        if (status == "PRESENT")
            return $"PRESENT[users={Number(result, "user_count")}{(Flag(result, "added_by_self") ? ",self" : "")}]";
        return Number(result, "user_count") == "0" && !Flag(result, "added_by_self") ? status
            : throw new FormatException($"{status} with users");
    }

    private static string Stat(JsonElement result)
    {
        var fields = new List<string> { $"inode={Text(result, "inode")}", $"nlink={Number(result, "nlink")}" };
        if (result.TryGetProperty("size", out var size))
            fields.Add($"size={size.GetInt64()}");
        if (Flag(result, "encrypted"))
            fields.Add("encrypted");
        return $"{Text(result, "type")}[{string.Join(',', fields)}]";
    }

    private static string OK(IReadOnlyCollection<string> flags) => flags.Count == 0 ? "OK" : $"OK[{string.Join(',', flags)}]";

    private static string? Text(JsonElement result, string name) => result.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string Number(JsonElement result, string name, long otherwise = 0)
        => (result.TryGetProperty(name, out var value) ? value.GetInt64() : otherwise).ToString(CultureInfo.InvariantCulture);

    private static bool Flag(JsonElement result, string name) => result.TryGetProperty(name, out var value) && value.GetBoolean();

    private static string[] Values(JsonElement result, string name)
        => result.TryGetProperty(name, out var values) ? [.. values.EnumerateArray().Select(v => v.GetString()!)] : [];
}
