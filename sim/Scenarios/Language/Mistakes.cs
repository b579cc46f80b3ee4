using System.Globalization;
using Superpower.Model;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>A line that its grammar does not take.</summary>
/// <param name="Line">The line.</param>
/// <param name="Pieces">Its pieces.</param>
/// <param name="At">The first piece that does not fit; their number if the line ends too early.</param>
/// <param name="Expected">What would fit there.</param>
/// <param name="Context">What kind of line it is.</param>
/// <param name="Actors">Who may begin an operation.</param>
internal sealed record Mistake(
    SourceLine Line, Token<Symbol>[] Pieces, int At, string[] Expected, LineContext Context, IReadOnlySet<string> Actors)
{
    /// <summary>Kind of the piece that does not fit, or null at the end of the line.</summary>
    public Symbol? Kind => At < Pieces.Length ? Pieces[At].Kind : null;

    /// <summary>The piece that does not fit; empty at the end of the line.</summary>
    public string Text => At < Pieces.Length ? Pieces[At].ToStringValue() : "";

    /// <summary>The piece before it.</summary>
    public string Before => At > 0 ? Pieces[At - 1].ToStringValue() : "";

    /// <summary>The piece after it, if nothing is between them.</summary>
    public string After
        => At + 1 < Pieces.Length && Pieces[At].Position.Absolute + Pieces[At].Span.Length == Pieces[At + 1].Position.Absolute
            ? Pieces[At + 1].ToStringValue() : "";

    /// <summary>That piece and the one before it, if nothing is between them.</summary>
    public string Joined
        => At > 0 && At < Pieces.Length && Pieces[At - 1].Position.Absolute + Pieces[At - 1].Span.Length == Pieces[At].Position.Absolute
            ? Before + Text : "";

    /// <summary>Whether an operand has ended, so that an operator could follow.</summary>
    public bool IsAfterOperand => At > 0 && Mistakes.EndsOperand(Pieces[At - 1].Kind);
}

/// <summary>The words for what is wrong in a line.</summary>
internal static class Mistakes
{
    /// <summary>What is wrong, and what was expected.</summary>
    public static string MessageOf(Mistake mistake)
    {
        if (Hints.Of(mistake) is { } hint)
            return hint;
        var expected = mistake.Expected.Length == 0 ? "something else" : string.Join(" or ", mistake.Expected);
        var after = mistake.At == 0 ? "" : $" after {Misspelling.Quote(mistake.Before)}";
        return $"expected {expected}{after}" + (mistake.Kind == null ? "" : $", not {Misspelling.Quote(mistake.Text)}");
    }

    /// <summary>Whether an operand may end with such a piece.</summary>
    public static bool EndsOperand(Symbol kind) => kind is Symbol.Name or Symbol.Id or Symbol.Deadlock or Symbol.Number or Symbol.Text
        or Symbol.Predicate or Symbol.CloseParenthesis or Symbol.CloseBracket;

    /// <summary>What is wrong with a text in quotes.</summary>
    public static string? InText(Token<Symbol> piece, out Place place)
    {
        place = ExpressionGrammar.PlaceOf(piece);
        if (piece.Kind == Symbol.OpenText)
            return "the text that begins here has no second '\"'";
        if (piece.Kind != Symbol.Text || QuotedText.BadEscapeIn(piece.Span) is not (>= 0 and var at))
            return null;
        place = new Place(place.Line, place.Column + at, 2);
        return $"no escape '{piece.ToStringValue().Substring(at, 2)}'; there are \\\" \\\\ \\n \\t \\0";
    }

    /// <summary>What is wrong with a word.</summary>
    public static string? InWord(Token<Symbol> piece, bool isFirst, string firstName)
    {
        if (piece.Kind != Symbol.Word)
            return null;
        var word = piece.ToStringValue();
        if (isFirst && Keywords.FormOf(firstName) != null && word != firstName)
        {
            var rest = word[firstName.Length..];
            return rest is ":" or ";" or "," ? $"no '{rest}' is needed after '{firstName}'"
                : $"expected a space after '{firstName}', not {Misspelling.Quote(rest)}";
        }

        return word is "=>" or ">" or ">>" or "→" or "-->" or "—>" or "–>" ? $"no '{word}'; '->' keeps a result"
            : word.Contains("->", StringComparison.Ordinal) ? "expected spaces around '->'; a name that contains it goes into quotes"
            : word[0] is '“' or '”' or '„' or '\'' or '‘' or '’' or '`' ? $"no quote {word[0]}; texts stand in \""
            : null;
    }

    /// <summary>What is wrong with a number.</summary>
    public static string? InNumber(Token<Symbol>[] pieces, int at)
    {
        if (pieces[at].Kind != Symbol.Number)
            return null;
        var text = pieces[at].ToStringValue();
        if (!text.All(char.IsAsciiDigit))
            return $"{Misspelling.Quote(text)} is no number; numbers are decimal";
        var isNegative = at > 0 && pieces[at - 1].Kind == Symbol.Minus && (at == 1 || !EndsOperand(pieces[at - 2].Kind));
        var isGood = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value <= (isNegative ? 1UL << 63 : long.MaxValue);
        return isGood ? null : $"{Misspelling.Quote(text)} has more than 64 bits: {long.MaxValue} is the largest number";
    }

    /// <summary>What is wrong with a predicate.</summary>
    public static string? InPredicate(Token<Symbol> piece, ref Place place)
    {
        if (piece.Kind != Symbol.Predicate)
            return null;
        var name = ExpressionGrammar.PredicateNameOf(piece);
        var kind = name is "status" or "key_in_memory" ? "a key" : "a path";
        if (ExpressionGrammar.ArgumentOf(piece).Length == 0)
            return $"expected {kind} after '{name}('";
        if (piece.ToStringValue()[^1] == ')')
            return null;
        place = new Place(place.Line, place.Column + place.Length);
        return $"expected ')' after {Misspelling.Quote(piece.ToStringValue())}";
    }

    /// <summary>What may stand elsewhere, but not here.</summary>
    public static string? OutOfPlace(Token<Symbol>[] pieces, int at, LineContext context, ref Place place)
    {
        var piece = pieces[at];
        if (context == LineContext.Expectation)
        {
            if (piece.Kind == Symbol.Id)
                return "'id' has a value in threads only; p[0].r is register r of the first copy of p";
            if (piece.Kind != Symbol.Dot || at < 3 || pieces[at - 1].Kind != Symbol.CloseBracket)
                return null;
            if (pieces[at - 2].Kind == Symbol.Number && pieces[at - 3].Kind == Symbol.OpenBracket)
                return null;
            place = ExpressionGrammar.PlaceOf(pieces[at - 2]);
            return "a copy is named by its number: p[0].r";
        }

        return piece.Kind switch
        {
            Symbol.Text => "texts in quotes can stand in expectations only",
            Symbol.Predicate => $"'{ExpressionGrammar.PredicateNameOf(piece)}' can stand in expectations only",
            Symbol.Deadlock when at > 0 => "'deadlock' can stand in expectations only",
            Symbol.Dot when at > 0 && pieces[at - 1].Kind is Symbol.Name or Symbol.CloseBracket
                => "registers of other threads can stand in expectations only",
            _ => null,
        };
    }
}
