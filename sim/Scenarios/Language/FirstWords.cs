namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>What is said about a line whose first word is unknown.</summary>
internal static class FirstWords
{
    private const int ExampleMax = 40;

    /// <summary>The message.</summary>
    /// <param name="line">The line.</param>
    /// <param name="near">What its first word may have been meant to be.</param>
    /// <param name="isInBody">Whether a statement could stand there.</param>
    public static string MessageOf(SourceLine line, string? near, bool isInBody)
    {
        var word = line.FirstWord;
        var after = line.Raw.AsSpan()[(line.Start + line.FirstName.Length)..line.End].TrimStart(" \t");
        if (line.FirstName.Length > 0 && HabitIn(line.FirstName, after) is { } habit)
            return habit;
        if (word.StartsWith("//", StringComparison.Ordinal) || word.StartsWith("/*", StringComparison.Ordinal)
            || word.StartsWith("--", StringComparison.Ordinal) || word.StartsWith("(*", StringComparison.Ordinal))
            return "a comment begins with '#'";
        if (word is "{" or "}")
            return "blocks end with a line 'end'; there are no braces";
        if (word is "")
            return "a line begins with a word, not with a text in quotes";
        if (near != null)
            return $"no line begins with {Misspelling.Quote(word)}; the nearest is {near}";
        if (isInBody && word.All(Symbols.IsNamePart) && Symbols.IsNameStart(word[0]))
        {
            var example = line.Content.Length <= ExampleMax ? line.Content : word;
            return $"no line begins with {Misspelling.Quote(word)}; an operation begins with its user: root {example}";
        }

        return $"no line begins with {Misspelling.Quote(word)}; " + (isInBody
            ? "expected an operation (root mkdir d), a statement (r = x), or the next part"
            : "there are kernel, user, shared, lock, rwsem, setup, thread, finally, background, fault, never, sometimes, always, invariant, without");
    }

    private static string? HabitIn(string name, ReadOnlySpan<char> after)
    {
        if (Keywords.Functions.Contains(name))
            return $"the result of '{name}' goes to a register: r = {(name == "try_acquire" ? "try_acquire l" : name + "(…)")}";
        return after switch
        {
            ['=', '=', ..] => "'==' compares; '=' sets a variable",
            ['+' or '-' or '*' or '/' or '%', '=', ..] => $"no '{after[..2]}'; {Short(name)} = {Short(name)} {after[0]} … is",
            ['+', '+', ..] or ['-', '-', ..] => $"no '{after[..2]}'; {Short(name)} = {Short(name)} {after[0]} 1 is",
            [':', '=', ..] or ['<', '-', ..] => $"no '{after[..2]}'; '=' sets a variable",
            ['=', '>', ..] => "no '=>'; '=' sets a variable, and '->' keeps the result of an operation",
            ['.', ..] when after.Contains('=') && !after.Contains(' ') || after.Contains(" = ", StringComparison.Ordinal)
                => "registers of other threads cannot be set",
            ['-', '>', ..] => "expected an operation before '->'",
            _ => null,
        };
    }

    private static string Short(string name) => name.Length <= ExampleMax ? name : "r";
}
