using System.Collections.Frozen;
using System.Collections.Immutable;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>An operation as it is written: its name, its arguments in their order, and its options.</summary>
/// <param name="Name">The name.</param>
/// <param name="Usage">The whole line, as a reader writes it: optional parts in brackets.</param>
/// <param name="Parameters">The arguments.</param>
/// <param name="Options">The options, <c>name=value</c>, with what the value has to be.</param>
internal sealed record OperationForm(
    string Name, string Usage, ImmutableArray<Parameter> Parameters, FrozenDictionary<string, string> Options)
{
    /// <summary>What a file system can be mounted with, by name.</summary>
    public static FrozenDictionary<string, MountOptions> MountOptions { get; } = new Dictionary<string, MountOptions>
    {
        [""] = Model.Vfs.MountOptions.None,
        ["lazytime"] = Model.Vfs.MountOptions.LazyTime,
        ["inlinecrypt"] = Model.Vfs.MountOptions.InlineCrypt,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly string[] Usages =
    [
        "add_key K [spec=desc] [on=PATH] [poke=OFFSET:VALUE]",
        "rm_key K [spec=desc] [on=PATH] [poke=OFFSET:VALUE]",
        "rm_key_all K [spec=desc] [on=PATH] [poke=OFFSET:VALUE]",
        "status K [spec=desc] [on=PATH] [poke=OFFSET:VALUE]",
        "set_policy PATH K [v=N] [flags=N] [contents=N] [names=N]",
        "get_policy PATH [psize=N]",
        "get_policy_old PATH",
        "get_nonce PATH",
        "session_key ACTION K",
        "provision_key NAME K [spec=desc] [type=user]",
        "unprovision_key HOW P",
        "key_quota UNIT N",
        "mkdir PATH",
        "rmdir PATH",
        "unlink PATH",
        "create PATH [TEXT]",
        "mknod PATH",
        "symlink TEXT PATH",
        "readlink PATH [TEXT] [raw=1]",
        "link PATH PATH",
        "linkfd F PATH",
        "rename PATH PATH [flags=noreplace|exchange]",
        "open NEW PATH [FLAGS]",
        "tmpfile NEW PATH",
        "close F",
        "read F [n=N] [off=N]",
        "write F TEXT [off=N]",
        "cat PATH",
        "append PATH TEXT",
        "ls PATH",
        "lsfd F",
        "lstat PATH",
        "fstat F",
        "fdpath F",
        "statfs PATH",
        "ftruncate F N",
        "truncate PATH N",
        "fsync F",
        "syncfs F",
        "sync",
        "mmap NEW F [rw=1] [private=1]",
        "mread F",
        "mwrite F TEXT",
        "munmap F",
        "chdir PATH",
        "flock F",
        "chmod PATH MODE",
        "chown PATH N",
        "setxattr PATH [large=1]",
        "getxattr PATH",
        "fadvise F",
        "readahead F",
        "drop_caches N",
        "drop_cache_ioctl",
        "remount [OPTION]",
        "umount",
        "mount [OPTION]",
    ];

    private static readonly FrozenDictionary<string, OperationForm> Forms =
        Usages.Select(FromUsage).ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);

    /// <summary>The names of all operations.</summary>
    public static IEnumerable<string> Names => Usages.Select(u => u.Split(' ')[0]);

    /// <summary>The operation called <paramref name="name"/>, or null.</summary>
    public static OperationForm? Named(string name) => Forms.GetValueOrDefault(name);

    /// <summary>Arguments that must be there.</summary>
    public int ArgumentsMin => Parameters.Count(p => !p.IsOptional);

    /// <summary>The arguments of a call that are no options.</summary>
    public IEnumerable<Word> ArgumentsOf(CallSyntax call) => call.Arguments.Where(a => OptionIn(a) == null);

    /// <summary>The value of an option of a call, or null.</summary>
    public string? OptionOf(CallSyntax call, string option)
        => call.Arguments.Where(a => OptionIn(a) == option).Select(a => a.Text[(option.Length + 1)..]).LastOrDefault();

    /// <summary>The option that a word gives, or null if it is none. A quoted text never is.</summary>
    public string? OptionIn(Word word)
    {
        var equals = word.IsQuoted ? -1 : word.Text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && Options.ContainsKey(word.Text[..equals]) ? word.Text[..equals] : null;
    }

    private static OperationForm FromUsage(string usage)
    {
        var words = usage.Split(' ');
        var parameters = ImmutableArray.CreateBuilder<Parameter>();
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in words.Skip(1))
        {
            var name = word.Trim('[', ']');
            var equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                options.Add(name[..equals], name[(equals + 1)..]);
            else
                parameters.Add(new Parameter(name, IsOptional: word[0] == '['));
        }

        return new OperationForm(words[0], usage, parameters.ToImmutable(), options.ToFrozenDictionary(StringComparer.Ordinal));
    }
}

/// <summary>An argument of an operation.</summary>
/// <param name="Name">What it is: K a key, F a descriptor or mapping, NEW one that is made, N a number, PATH, TEXT …</param>
/// <param name="IsOptional">Whether it may be missing.</param>
internal sealed record Parameter(string Name, bool IsOptional);
