namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>A line of a file: its content, which may be empty, and its comment.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Raw">All of it, without its end.</param>
/// <param name="Start">Where the content begins in it.</param>
/// <param name="End">Where the content ends.</param>
/// <param name="CommentStart">Where the comment begins with its <c>#</c>; -1 if there is none.</param>
internal sealed record SourceLine(int Number, string Raw, int Start, int End, int CommentStart)
{
    /// <summary>Whether there is nothing but space, or a comment.</summary>
    public bool IsBlank => Start == End;

    /// <summary>What is to be parsed.</summary>
    public string Content => Raw[Start..End];

    /// <summary>The comment from its <c>#</c>, or null.</summary>
    public string? Comment => CommentStart < 0 ? null : Raw[CommentStart..].TrimEnd(' ', '\t');

    /// <summary>The first word: up to a space or a quote.</summary>
    public string FirstWord => Raw[Start..EndOf(c => c is not (' ' or '\t' or '"'))];

    /// <summary>The first word if it is a name, or as much of it as is one: <c>if</c> in <c>if(x)</c>.</summary>
    public string FirstName
        => IsBlank || !Symbols.IsNameStart(Raw[Start]) ? "" : Raw[Start..EndOf(Symbols.IsNamePart)];

    /// <summary>What kind of line it is; <see cref="LineForm.Operation"/> if nothing else.</summary>
    public LineForm Form
    {
        get
        {
            if (Keywords.FormOf(FirstName) is { } form)
                return form;
            var after = Raw.AsSpan()[(Start + FirstName.Length)..End].TrimStart(" \t");
            return FirstName.Length > 0 && (after is ['[', ..] || (after is ['=', ..] && after is not ['=', '=' or '>', ..]))
                ? LineForm.Assignment : LineForm.Operation;
        }
    }

    /// <summary>The lines of a text, one after another. A byte order mark and carriage returns before line ends are skipped.</summary>
    public static IEnumerable<SourceLine> Of(string text)
    {
        var number = 1;
        for (var start = 0; start < text.Length; number++)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end;
            var first = number == 1 && text[0] == '\uFEFF' ? 1 : start;
            var last = end > first && text[end - 1] == '\r' ? end - 1 : end;
            yield return Of(number, text[first..last]);
            start = end + 1;
        }
    }

    private static SourceLine Of(int number, string raw)
    {
        var comment = CommentIn(raw);
        var end = (comment < 0 ? raw.AsSpan() : raw.AsSpan(0, comment)).TrimEnd(" \t").Length;
        var start = 0;
        while (start < end && raw[start] is ' ' or '\t')
            start++;
        return new SourceLine(number, raw, start, end, comment);
    }

    // Outside quotes, at the start of the line or after a space.
    private static int CommentIn(string raw)
    {
        var isQuoted = false;
        for (var i = 0; i < raw.Length; i++)
        {
            if (isQuoted && raw[i] == '\\')
                i++;
            else if (raw[i] == '"')
                isQuoted = !isQuoted;
            else if (raw[i] == '#' && !isQuoted && (i == 0 || raw[i - 1] is ' ' or '\t'))
                return i;
        }

        return -1;
    }

    private int EndOf(Func<char, bool> isPart)
    {
        var end = Start;
        while (end < End && isPart(Raw[end]))
            end++;
        return end;
    }
}
