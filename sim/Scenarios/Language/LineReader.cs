using Superpower;
using Superpower.Model;
using Superpower.Tokenizers;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Where an expression stands, which decides what it may be made of.</summary>
internal enum LineContext
{
    Declaration,
    Program,
    Expectation,
}

/// <summary>Reads one line with a grammar, and notes what is wrong in it.</summary>
/// <param name="diagnostics">Where mistakes go.</param>
/// <param name="actors">Who may begin an operation.</param>
internal sealed class LineReader(Diagnostics diagnostics, IReadOnlySet<string> actors)
{
    /// <summary>The pieces of a line. Their places are those in the file.</summary>
    public static Token<Symbol>[] Cut(SourceLine line, Tokenizer<Symbol> tokenizer, int from = 0)
    {
        var pieces = tokenizer.Tokenize(line.Raw[from..line.End]);
        return [.. pieces.Select(t =>
        {
            var at = from + t.Position.Absolute;
            var kind = t.Kind == Symbol.Name ? Symbols.KindOf(t.ToStringValue()) : t.Kind;
            return new Token<Symbol>(kind, new TextSpan(line.Raw, new Position(at, line.Number, at + 1), t.Span.Length));
        })];
    }

    /// <summary>Reads a line of words.</summary>
    /// <param name="line">The line.</param>
    /// <param name="grammar">Its grammar.</param>
    /// <param name="value">What it says.</param>
    /// <param name="next">What might follow a complete line.</param>
    /// <returns>Whether it is good; if not, that is noted.</returns>
    public bool TryWords<T>(SourceLine line, TokenListParser<Symbol, T> grammar, out T value, string? next = null)
    {
        var pieces = Cut(line, Symbols.OfWords);
        value = default!;
        return AreGoodWords(line, pieces) && TryParse(line, pieces, grammar, LineContext.Declaration, out value, next);
    }

    /// <summary>Reads a line of expressions.</summary>
    /// <param name="line">The line.</param>
    /// <param name="grammar">Its grammar.</param>
    /// <param name="context">What kind of line it is.</param>
    /// <param name="value">What it says.</param>
    /// <param name="next">What might follow a complete line.</param>
    /// <param name="from">Where in the line to begin.</param>
    /// <returns>Whether it is good; if not, that is noted.</returns>
    public bool TrySymbols<T>(
        SourceLine line, TokenListParser<Symbol, T> grammar, LineContext context, out T value, string? next = null, int from = 0)
    {
        var pieces = Cut(line, Symbols.OfExpressions, from);
        value = default!;
        return AreGood(pieces, context) && IsFlat(pieces) && TryParse(line, pieces, grammar, context, out value, next);
    }

    /// <summary>Notes a mistake, and says that there is one.</summary>
    public bool Refuse(Place place, string message)
    {
        diagnostics.Add(place, message);
        return false;
    }

    /// <summary>Whether somebody may be called so; if not, that is noted.</summary>
    public bool IsName(Word name, string kind)
    {
        if (Keywords.IsReserved(name.Text))
            return Refuse(name.Place, $"{Misspelling.Quote(name.Text)} is a word of the language, and cannot be {kind}'s name");
        if (!name.IsQuoted && Symbols.IsNameStart(name.Text[0]) && name.Text.All(Symbols.IsNamePart))
            return true;
        return Refuse(name.Place, $"{Misspelling.Quote(name.Text)} cannot be {kind}'s name: letters, digits and _ can, with a letter first");
    }

    private bool TryParse<T>(
        SourceLine line, Token<Symbol>[] pieces, TokenListParser<Symbol, T> grammar, LineContext context, out T value, string? next)
    {
        var result = grammar(new TokenList<Symbol>(pieces));
        value = result.HasValue ? result.Value : default!;
        if (result.HasValue && result.Remainder.IsAtEnd)
            return true;
        string[] expected = !result.HasValue ? [.. (result.Expectations ?? []).Distinct()]
            : next == null ? ["the end of the line"] : [next, "the end of the line"];
        var at = result.Remainder.Position;
        var place = at < pieces.Length ? ExpressionGrammar.PlaceOf(pieces[at]) : new Place(line.Number, line.End + 1);
        return Refuse(place, Mistakes.MessageOf(new Mistake(line, pieces, at, expected, context, actors)));
    }

    private bool AreGoodWords(SourceLine line, Token<Symbol>[] pieces)
    {
        var isGood = true;
        for (var i = 0; i < pieces.Length; i++)
        {
            var message = Mistakes.InText(pieces[i], out var place) ?? Mistakes.InWord(pieces[i], isFirst: i == 0, line.FirstName);
            if (message == null && i > 0 && pieces[i].Position.Absolute == pieces[i - 1].Position.Absolute + pieces[i - 1].Span.Length)
                message = $"expected a space after {Misspelling.Quote(pieces[i - 1].ToStringValue())}";
            isGood &= message == null || Refuse(place, message);
        }

        return isGood;
    }

    private bool AreGood(Token<Symbol>[] pieces, LineContext context)
    {
        var isGood = true;
        for (var i = 0; i < pieces.Length; i++)
        {
            var message = Mistakes.InText(pieces[i], out var place) ?? Mistakes.InNumber(pieces, i)
                ?? Mistakes.InPredicate(pieces[i], ref place) ?? Mistakes.OutOfPlace(pieces, i, context, ref place);
            isGood &= message == null || Refuse(place, message);
        }

        return isGood;
    }

    private bool IsFlat(Token<Symbol>[] pieces)
    {
        var (depth, signs) = (0, 0);
        foreach (var piece in pieces)
        {
            depth += piece.Kind switch
            {
                Symbol.OpenParenthesis or Symbol.OpenBracket => 1,
                Symbol.CloseParenthesis or Symbol.CloseBracket => -1,
                _ => 0,
            };
            signs = piece.Kind is Symbol.Not or Symbol.Minus ? signs + 1 : 0;
            if (depth > Limits.Parentheses)
                return Refuse(ExpressionGrammar.PlaceOf(piece), $"parentheses are more than {Limits.Parentheses} deep");
            if (signs > Limits.Parentheses)
                return Refuse(ExpressionGrammar.PlaceOf(piece), $"more than {Limits.Parentheses} signs in a row");
        }

        return true;
    }
}
