using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Reads scenario files. Each line is read by itself, so that all mistakes of a file are told at once.</summary>
public static class ScenarioParser
{
    /// <summary>The tree of a file; null if there are mistakes, which are noted.</summary>
    public static ScenarioSyntax? Parse(Diagnostics diagnostics)
    {
        if (Encoding.UTF8.GetByteCount(diagnostics.Text) > Limits.FileBytes)
        {
            diagnostics.Add(new Place(1, 1), "a scenario may have 1 MiB; this file has more");
            return null;
        }

        var builder = new ScenarioBuilder(diagnostics, ActorsIn(diagnostics.Text));
        var characters = 0;
        foreach (var line in SourceLine.Of(diagnostics.Text))
        {
            if (diagnostics.Full || builder.IsGivenUp)
                break;
            characters += line.IsBlank ? 0 : line.End - line.Start;
            if (characters > Limits.Characters)
            {
                diagnostics.Add(
                    new Place(line.Number, 1), $"more than {Limits.Characters / 1024} KiB besides comments: no scenario may have as much");
                return null;
            }

            if (!IsText(line, diagnostics))
                builder.Skip();
            else if (!line.IsBlank)
                builder.Read(line);
        }

        return builder.Finish();
    }

    // A user may be declared below the first line that names him.
    private static HashSet<string> ActorsIn(string text)
    {
        var actors = Keywords.Users.ToHashSet(StringComparer.Ordinal);
        foreach (var line in SourceLine.Of(text))
        {
            if (line.Raw.Length <= Limits.LineLength && line.FirstWord == "user" && LineReader.Cut(line, Symbols.OfWords) is [_, var name, ..])
                actors.Add(name.ToStringValue());
        }

        return actors;
    }

    // Spaces that look like spaces and are none would make messages that nobody understands.
    private static bool IsText(SourceLine line, Diagnostics diagnostics)
    {
        if (line.Raw.Length > Limits.LineLength)
        {
            diagnostics.Add(
                new Place(line.Number, Limits.LineLength + 1),
                string.Create(CultureInfo.InvariantCulture, $"a line may have {Limits.LineLength:N0} characters; this one has {line.Raw.Length:N0}"));
            return false;
        }

        for (var i = 0; i < line.Raw.Length; i++)
        {
            var c = line.Raw[i];
            if (c is >= ' ' and <= '~' or '\t')
                continue;
            if (char.IsControl(c) || char.IsWhiteSpace(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format)
            {
                var kind = char.IsControl(c) ? "a control character" : char.IsWhiteSpace(c) ? "a kind of space" : "an invisible character";
                diagnostics.Add(
                    new Place(line.Number, i + 1),
                    string.Create(CultureInfo.InvariantCulture, $"{kind} that may not stand here: U+{(int)c:X4}"));
                return false;
            }
        }

        return true;
    }
}
