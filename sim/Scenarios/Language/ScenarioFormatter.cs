using System.Text;
using Superpower.Model;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The one way to indent and space a scenario. What it means stays the same, and comments stay where they are.</summary>
public static class ScenarioFormatter
{
    // The longest of never, sometimes, always and invariant.
    private const int FrequencyWidth = 9;

    private const int Indentation = 2;

    /// <summary>The canonical text; null if there are mistakes, which are noted.</summary>
    public static string? Format(Diagnostics diagnostics)
    {
        if (ScenarioParser.Parse(diagnostics) == null)
            return null;
        SourceLine[] lines = [.. SourceLine.Of(diagnostics.Text)];
        var formatted = Indented(lines);
        AppendComments(lines, formatted);
        var text = Join(lines, formatted);

        // Spaces may make a file too large to be read again; nobody but a test has such a file.
        return Encoding.UTF8.GetByteCount(text) <= Limits.FileBytes ? text : diagnostics.Text;
    }

    private static string[] Indented(SourceLine[] lines)
    {
        var result = new string[lines.Length];
        var isInBody = false;
        var depth = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].IsBlank)
                continue;
            var (form, word) = (lines[i].Form, lines[i].FirstName);
            if (form is LineForm.WordHeader or LineForm.SymbolHeader or LineForm.Expectation)
                (isInBody, depth) = (word is "setup" or "thread" or "finally", 0);
            var isBodyLine = isInBody && form is not (LineForm.WordHeader or LineForm.SymbolHeader);
            var level = !isBodyLine ? 0 : form == LineForm.BlockPart ? depth : depth + 1;
            depth += form == LineForm.BlockPart && word == "end" ? -1 : form == LineForm.Statement && word is "if" or "while" or "repeat" ? 1 : 0;
            result[i] = new string(' ', Indentation * level) + Spaced(lines[i], form);
            if (result[i].Length > Limits.LineLength)
                result[i] = lines[i].Raw[..lines[i].End];
        }

        return result;
    }

    private static string Spaced(SourceLine line, LineForm form)
    {
        if (form is LineForm.WordHeader or LineForm.Operation or LineForm.BlockPart)
            return string.Join(' ', LineReader.Cut(line, Symbols.OfWords).Select(t => t.ToStringValue()));
        if (form != LineForm.Expectation)
            return Spaced(LineReader.Cut(line, Symbols.OfExpressions));
        var from = line.Start + line.FirstName.Length;
        var label = Headers.LabelOf(line, ref from);
        return line.FirstName.PadRight(FrequencyWidth) + " " + (label == null ? "" : label.Text + ": ")
            + Spaced(LineReader.Cut(line, Symbols.OfExpressions, from));
    }

    private static string Spaced(Token<Symbol>[] pieces)
    {
        var result = new StringBuilder();
        for (var i = 0; i < pieces.Length; i++)
        {
            if (i > 0 && HasSpaceBefore(pieces, i))
                result.Append(' ');
            result.Append(pieces[i].Kind == Symbol.Predicate
                ? $"{ExpressionGrammar.PredicateNameOf(pieces[i])}({ExpressionGrammar.ArgumentOf(pieces[i])})" : pieces[i].ToStringValue());
        }

        return result.ToString();
    }

    private static bool HasSpaceBefore(Token<Symbol>[] pieces, int at)
    {
        var before = pieces[at - 1].Kind;
        if (before is Symbol.OpenParenthesis or Symbol.OpenBracket or Symbol.Dot)
            return false;
        if (before is Symbol.Not or Symbol.Minus && (at == 1 || !Mistakes.EndsOperand(pieces[at - 2].Kind)))
            return false;
        return pieces[at].Kind switch
        {
            Symbol.CloseParenthesis or Symbol.CloseBracket or Symbol.OpenBracket or Symbol.Comma or Symbol.Dot => false,
            Symbol.OpenParenthesis => before != Symbol.Function,
            _ => true,
        };
    }

    // Comments that were one below the other, in neighbouring lines, stay so; others follow two spaces after.
    private static void AppendComments(SourceLine[] lines, string[] formatted)
    {
        for (var i = 0; i < lines.Length;)
        {
            var end = i + 1;
            if (lines[i].IsBlank || lines[i].CommentStart < 0)
            {
                i = end;
                continue;
            }

            while (end < lines.Length && !lines[end].IsBlank && lines[end].CommentStart == lines[i].CommentStart)
                end++;
            var column = formatted[i..end].Max(t => t.Length) + 2;
            for (; i < end; i++)
            {
                var text = formatted[i].PadRight(column) + lines[i].Comment;
                formatted[i] = text.Length <= Limits.LineLength ? text : lines[i].Raw.TrimEnd(' ', '\t');
            }
        }
    }

    private static string Join(SourceLine[] lines, string[] formatted)
    {
        var result = new List<string>(lines.Length);
        var indentation = 0;
        for (var i = lines.Length - 1; i >= 0; i--)
        {
            if (!lines[i].IsBlank)
            {
                result.Add(formatted[i]);
                indentation = formatted[i].Length - formatted[i].TrimStart(' ', '\t').Length;
            }
            else if (lines[i].Comment is { } comment)
            {
                var text = new string(' ', indentation) + comment;
                result.Add(text.Length <= Limits.LineLength ? text : comment);
            }
            else if (result.Count > 0 && result[^1].Length > 0)
            {
                result.Add("");
            }
        }

        if (result.Count > 0 && result[^1].Length == 0)
            result.RemoveAt(result.Count - 1);
        result.Reverse();
        return string.Join('\n', result) + "\n";
    }
}
