using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>A mistake in a scenario file.</summary>
/// <param name="Place">Where.</param>
/// <param name="Message">What is wrong, and what would be right: one line without a full stop.</param>
public sealed record Diagnostic(Place Place, string Message);

/// <summary>The text of a scenario file, and the mistakes that were found in it.</summary>
/// <param name="file">Its name, as the user gave it.</param>
/// <param name="text">Its text.</param>
public sealed class Diagnostics(string file, string text)
{
    /// <summary>Mistakes that are told; a file with more is not looked at any further.</summary>
    public const int Max = 20;

    private readonly List<Diagnostic> found = [];
    private string[]? lines;

    /// <summary>Name of the file.</summary>
    public string File { get; } = file;

    /// <summary>Text of the file.</summary>
    public string Text { get; } = text;

    /// <summary>The mistakes, in the order of their places.</summary>
    public IReadOnlyList<Diagnostic> Found => [.. found.OrderBy(d => d.Place.Line).ThenBy(d => d.Place.Column)];

    /// <summary>Whether there are any.</summary>
    public bool Any => found.Count > 0;

    /// <summary>Whether so many were found that it is no use to go on.</summary>
    public bool Full => found.Count >= Max;

    /// <summary>Notes a mistake. Of several at one place the first counts.</summary>
    public void Add(Place place, string message)
    {
        if (!Full && !found.Exists(d => d.Place.Line == place.Line && d.Place.Column == place.Column))
            found.Add(new Diagnostic(place, message));
    }

    /// <summary>
    /// All mistakes as the user reads them: <c>file:line:column: message</c>, the line, and a caret below the place.
    /// Ends with a line end.
    /// </summary>
    public string Format()
    {
        lines ??= Text.Split('\n');
        var result = new StringBuilder();
        foreach (var (place, message) in Found)
        {
            result.Append(CultureInfo.InvariantCulture, $"{File}:{place.Line}:{place.Column}: {message}\n");
            if (place.Line <= lines.Length)
                AppendLine(result, lines[place.Line - 1].TrimEnd('\r'), place);
        }

        if (Full)
            result.Append(CultureInfo.InvariantCulture, $"{File}: {Max} mistakes; the rest of the file was not looked at\n");
        return result.ToString();
    }

    // A long line is shown around the place only.
    private static void AppendLine(StringBuilder result, string line, Place place)
    {
        const int Before = 60;
        const int Width = 100;
        var start = place.Column > Width - 10 ? place.Column - 1 - Before : 0;
        var shown = line.Length <= start ? "" : line.Substring(start, Math.Min(Width, line.Length - start));
        var clean = string.Concat(shown.Select(c => char.IsControl(c) ? ' ' : c)).TrimEnd();
        var at = Math.Max(0, place.Column - 1 - start);
        var length = Math.Clamp(clean.Length - at, 1, Math.Max(1, place.Length));
        result.Append("  ").Append(clean).Append('\n');
        result.Append(' ', 2 + at).Append('^', length).Append('\n');
    }
}
