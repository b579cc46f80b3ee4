using System.Collections.Frozen;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>What a line is, which its first word decides.</summary>
internal enum LineForm
{
    /// <summary>A header made of words.</summary>
    WordHeader,

    /// <summary>A header with numbers and operators.</summary>
    SymbolHeader,

    /// <summary><c>never</c>, <c>sometimes</c>, <c>always</c> and <c>invariant</c>.</summary>
    Expectation,

    /// <summary>A statement of a program that begins with a word of the language.</summary>
    Statement,

    /// <summary><c>else</c> and <c>end</c>.</summary>
    BlockPart,

    /// <summary><c>r = …</c>.</summary>
    Assignment,

    /// <summary>Anything else in a body.</summary>
    Operation,
}

/// <summary>The words of the language.</summary>
internal static class Keywords
{
    private static readonly FrozenDictionary<string, LineForm> FirstWords = new Dictionary<string, LineForm>
    {
        ["scenario"] = LineForm.WordHeader,
        ["source"] = LineForm.WordHeader,
        ["kernel"] = LineForm.WordHeader,
        ["user"] = LineForm.WordHeader,
        ["shared"] = LineForm.SymbolHeader,
        ["lock"] = LineForm.SymbolHeader,
        ["rwsem"] = LineForm.SymbolHeader,
        ["setup"] = LineForm.WordHeader,
        ["thread"] = LineForm.SymbolHeader,
        ["finally"] = LineForm.WordHeader,
        ["background"] = LineForm.WordHeader,
        ["fault"] = LineForm.WordHeader,
        ["never"] = LineForm.Expectation,
        ["sometimes"] = LineForm.Expectation,
        ["always"] = LineForm.Expectation,
        ["invariant"] = LineForm.Expectation,
        ["without"] = LineForm.WordHeader,
        ["if"] = LineForm.Statement,
        ["while"] = LineForm.Statement,
        ["repeat"] = LineForm.Statement,
        ["else"] = LineForm.BlockPart,
        ["end"] = LineForm.BlockPart,
        ["acquire"] = LineForm.Statement,
        ["release"] = LineForm.Statement,
        ["down_read"] = LineForm.Statement,
        ["up_read"] = LineForm.Statement,
        ["down_write"] = LineForm.Statement,
        ["up_write"] = LineForm.Statement,
        ["await"] = LineForm.Statement,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Words that lines begin with.</summary>
    public static IReadOnlyList<string> LineStarts { get; } = [.. FirstWords.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Predicates of the final state that have an argument.</summary>
    public static FrozenSet<string> Predicates { get; } =
        new[] { "status", "unlocked", "cached", "key_in_memory" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Functions, which stand alone on the right of <c>=</c>. The last has no parentheses.</summary>
    public static FrozenSet<string> Functions { get; } =
        new[] { "cas", "fetch_add", "exchange", "try_acquire" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Threads of the kernel's own.</summary>
    public static IReadOnlyList<string> Backgrounds { get; } = ["flusher", "shrinker", "reclaim", "disk", "reset", "wb_switch"];

    /// <summary>Errors that may be made to happen.</summary>
    public static IReadOnlyList<string> Errors { get; } = ["enomem", "eio"];

    /// <summary>Users that are there without being declared.</summary>
    public static IReadOnlyList<string> Users { get; } = ["root", "alice", "bob"];

    /// <summary>The form that a first word gives a line, or null if it gives none.</summary>
    public static LineForm? FormOf(string word) => FirstWords.TryGetValue(word, out var form) ? form : null;

    /// <summary>Whether a word of an expression is one of the language, without those that have a meaning there.</summary>
    public static bool IsKeyword(string word)
        => FirstWords.ContainsKey(word) || Predicates.Contains(word) || word is "true" or "false";

    /// <summary>Whether nothing may be called so.</summary>
    public static bool IsReserved(string word) => IsKeyword(word) || Functions.Contains(word) || word is "id" or "deadlock";
}
