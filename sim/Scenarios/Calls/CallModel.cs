using System.Collections.Immutable;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>Something that a scenario asks for and the model has not got yet.</summary>
/// <param name="Place">Where the file asks for it.</param>
/// <param name="What">What it is.</param>
public sealed record NotModelled(Place Place, string What);

/// <summary>What of the language the model can do. The rest is refused, never answered wrongly.</summary>
internal static class CallModel
{
    private static readonly string[] Operations =
    [
        "add_key", "rm_key", "rm_key_all", "status", "set_policy", "get_policy", "get_policy_old", "get_nonce", "mkdir", "rmdir", "unlink", "create", "mknod", "symlink", "readlink", "link", "linkfd", "rename", "open", "tmpfile", "close", "read",
        "write", "cat", "append", "ls", "lsfd", "lstat", "fstat", "fdpath", "statfs",
        "chdir", "flock", "fadvise", "readahead", "chmod", "chown", "setxattr", "getxattr", "truncate", "ftruncate", "mmap", "mread", "mwrite", "munmap", "sync", "fsync", "syncfs", "drop_caches", "drop_cache_ioctl", "umount", "mount", "remount",
        "session_key", "provision_key", "unprovision_key", "key_quota",
    ];

    // A file's data is one text in the model: what is written far behind its end would be as long.
    private const int OffsetMax = 65_536;

    /// <summary>What the scenario asks for and the model has not got, in the order of the text.</summary>
    public static ImmutableArray<NotModelled> MissingIn(ScenarioSyntax scenario)
    {
        var missing = new List<NotModelled>();
        missing.AddRange(scenario.Backgrounds.Where(b => !Background.Names.Contains(b.Name.Text) || b.AtMost > Background.RunsMax)
            .Select(b => new NotModelled(b.Name.Place, b.AtMost > Background.RunsMax ? $"background {b.Name} more than {Background.RunsMax} times"
                : $"background {b.Name}")));
        missing.AddRange(scenario.Faults.Where(f => !Background.HasFault(f)).Select(f => new NotModelled(f.Error.Place, $"fault {f.Error}")));
        foreach (var body in CallChecker.Bodies(scenario))
        {
            foreach (var call in CallChecker.CallsOf(body.Statements))
            {
                if (MissingFor(call) is { } what)
                    missing.Add(what);
            }
        }

        missing.AddRange(SharedDescriptors.MissingIn(scenario));
        missing.AddRange(Predicates(scenario));
        return [.. missing.OrderBy(m => m.Place.Line).ThenBy(m => m.Place.Column)];
    }

    private static NotModelled? MissingFor(CallSyntax call)
    {
        var name = call.Operation.Text;
        if (!Operations.Contains(name))
            return new NotModelled(call.Operation.Place, name);

        var form = OperationForm.Named(name)!;
        foreach (var word in call.Arguments)
        {
            if (form.OptionIn(word) is { } option && !IsModelled(name, option, word.Text[(option.Length + 1)..]))
                return new NotModelled(word.Place, word.Text);
        }

        foreach (var (parameter, word) in form.Parameters.Zip(form.ArgumentsOf(call)))
        {
            var isModelled = parameter.Name switch
            {
                "N" when name == "key_quota" => int.TryParse(word.Text, out _),
                "N" when name is "truncate" or "ftruncate" => int.TryParse(word.Text, out var size) && size <= OffsetMax,
                "N" when name == "drop_caches" => word.Text is "1" or "2" or "3",
                _ => true,
            };
            if (!isModelled)
                return new NotModelled(word.Place, $"{parameter.Name.ToLowerInvariant() switch { "k" => "key", "n" => name, var other => other }} {word}");
        }

        return null;
    }

    private static bool IsModelled(string operation, string option, string value) => option switch
    {
        "off" or "n" => int.TryParse(value, out var number) && number <= OffsetMax,
        "flags" => operation != "rename" || value is "noreplace" or "exchange",
        "contents" or "names" => byte.TryParse(value, out _),
        "on" or "spec" or "type" or "poke" or "v" or "psize" or "rw" or "private" or "raw" or "large" => true,
        _ => false,
    };

    private static IEnumerable<NotModelled> Predicates(ScenarioSyntax scenario)
        => scenario.Expectations.SelectMany(e => PredicatesIn(e.Condition))
            .Where(p => !Keys.IsWhole(p.Argument.Text) && !Paths.IsPlain(p.Argument.Text))
            .Select(p => new NotModelled(p.Argument.Place, $"path {p.Argument}"));

    private static IEnumerable<PredicateSyntax> PredicatesIn(ExpressionSyntax expression) => expression switch
    {
        PredicateSyntax predicate => [predicate],
        UnarySyntax unary => PredicatesIn(unary.Operand),
        BinarySyntax binary => PredicatesIn(binary.Left).Concat(PredicatesIn(binary.Right)),
        _ => [],
    };
}
