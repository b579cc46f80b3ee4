using System.Collections.Immutable;
using Superpower;
using Superpower.Model;
using Superpower.Parsers;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The right-hand side of <c>r = …</c>: an expression, or something atomic.</summary>
internal sealed record RightSide(
    ExpressionSyntax? Value, AtomicKind Kind = default, ReferenceSyntax? Object = null, ImmutableArray<ExpressionSyntax> Arguments = default);

/// <summary>The lines of the language. Each grammar begins with the line's first piece.</summary>
internal static class LineGrammar
{
    /// <summary><c>scenario NAME ["title"]</c>.</summary>
    public static readonly TokenListParser<Symbol, (Word Name, Word? Title)> Scenario =
        from first in First
        from name in WordNamed("a name")
        from title in Text.Select(t => (Word?)t).OptionalOrDefault()
        select (name, title);

    /// <summary><c>source "…"</c>.</summary>
    public static readonly TokenListParser<Symbol, Word> Source = First.IgnoreThen(Text.Named("a text in quotes"));

    /// <summary><c>kernel FROM..TO</c>, the range as one word.</summary>
    public static readonly TokenListParser<Symbol, Word> Kernel = First.IgnoreThen(WordNamed("a release, or releases such as v5.4..v6.1,"));

    /// <summary><c>user NAME uid [capability…]</c>.</summary>
    public static readonly TokenListParser<Symbol, (Word Name, Word Id, Word[] Capabilities)> User =
        from first in First
        from name in WordNamed("a name")
        from id in WordNamed("a user's number")
        from capabilities in WordNamed("a capability").Many()
        select (name, id, capabilities);

    /// <summary><c>background NAME at most N</c>.</summary>
    public static readonly TokenListParser<Symbol, (Word Name, Word AtMost)> Background =
        from first in First
        from name in WordNamed("flusher, shrinker or reclaim")
        from most in AtMost
        select (name, most);

    /// <summary><c>fault ERROR in OPERATION [at most N]</c>.</summary>
    public static readonly TokenListParser<Symbol, (Word Error, Word Operation, Word? AtMost)> Fault =
        from first in First
        from error in WordNamed("enomem or eio")
        from separator in Fixed("in")
        from operation in WordNamed("an operation")
        from most in AtMost.Select(w => (Word?)w).OptionalOrDefault()
        select (error, operation, most);

    /// <summary><c>without rule NAME</c>.</summary>
    public static readonly TokenListParser<Symbol, Word> Without = First.IgnoreThen(Fixed("rule")).IgnoreThen(WordNamed("the name of a rule"));

    /// <summary><c>setup</c>, <c>finally</c>, <c>else</c>, <c>end</c>.</summary>
    public static readonly TokenListParser<Symbol, Token<Symbol>> Alone = First;

    /// <summary>An operation.</summary>
    public static readonly TokenListParser<Symbol, (Word Actor, Word Operation, Word[] Arguments, Word? Register)> Call =
        from actor in WordNamed("a user")
        from operation in WordNamed("an operation")
        from arguments in WordNamed("an argument").Or(Text).Many()
        from register in Token.EqualTo(Symbol.Arrow).IgnoreThen(WordNamed("a register")).Select(w => (Word?)w).OptionalOrDefault()
        select (actor, operation, arguments, register);

    /// <summary><c>thread NAME [* N]</c>.</summary>
    public static readonly TokenListParser<Symbol, (Token<Symbol> Name, Token<Symbol>? Copies)> Thread =
        from first in First
        from name in ExpressionGrammar.Name
        from copies in Token.EqualTo(Symbol.Times).IgnoreThen(ExpressionGrammar.Digits).Select(t => (Token<Symbol>?)t).OptionalOrDefault()
        select (name, copies);

    /// <summary><c>shared x = 0, a[4] = 0</c>.</summary>
    public static readonly TokenListParser<Symbol, (Token<Symbol> Name, Token<Symbol>? Size, long Initial)[]> Shared =
        First.IgnoreThen(Declared(Token.EqualTo(Symbol.Assign).IgnoreThen(ExpressionGrammar.SignedNumber).OptionalOrDefault()));

    /// <summary><c>lock l, m[26]</c>, and the same for semaphores.</summary>
    public static readonly TokenListParser<Symbol, (Token<Symbol> Name, Token<Symbol>? Size, long Initial)[]> Locks =
        First.IgnoreThen(Declared(Parse.Return<Symbol, long>(0)));

    /// <summary>A line that is a word and something shared: <c>acquire l</c>.</summary>
    public static readonly TokenListParser<Symbol, ReferenceSyntax> OnReference = First.IgnoreThen(ExpressionGrammar.Reference.Named("a lock"));

    /// <summary>A line that is a word and a condition, <c>await</c> among them.</summary>
    public static readonly TokenListParser<Symbol, ExpressionSyntax> Condition =
        First.IgnoreThen(ExpressionGrammar.Expression.Named("a condition"));

    /// <summary><c>repeat N</c>.</summary>
    public static readonly TokenListParser<Symbol, Token<Symbol>> Repeat = First.IgnoreThen(ExpressionGrammar.Digits);

    /// <summary><c>r = …</c>.</summary>
    public static readonly TokenListParser<Symbol, (ReferenceSyntax Target, RightSide Value)> Assignment =
        from target in ExpressionGrammar.Reference
        from assign in Token.EqualTo(Symbol.Assign).Named("'='")
        from value in Right!
        select (target, value);

    private static TokenListParser<Symbol, Token<Symbol>> First => Token.Matching<Symbol>(_ => true, "a word");

    private static TokenListParser<Symbol, Word> Text
        => Token.EqualTo(Symbol.Text).Named("a text in quotes")
            .Select(t => new Word(QuotedText.ValueOf(t.Span), ExpressionGrammar.PlaceOf(t), IsQuoted: true));

    private static TokenListParser<Symbol, Word> AtMost => Fixed("at").IgnoreThen(Fixed("most")).IgnoreThen(WordNamed("a number"));

    private static TokenListParser<Symbol, RightSide> CompareExchange =>
        from place in FunctionNamed("cas")
        from target in ExpressionGrammar.Reference
        from old in Token.EqualTo(Symbol.Comma).Named("','").IgnoreThen(ExpressionGrammar.Expression)
        from comma in Token.EqualTo(Symbol.Comma).Named("an operator or ','")
        from value in ExpressionGrammar.Expression
        from close in Token.EqualTo(Symbol.CloseParenthesis).Named("an operator or ')'")
        select new RightSide(null, AtomicKind.CompareExchange, target, [old, value]);

    // Built once, and not for each line.
    private static readonly TokenListParser<Symbol, RightSide> Right =
        CompareExchange.Or(Atomic("fetch_add", AtomicKind.FetchAdd)).Or(Atomic("exchange", AtomicKind.Exchange)).Or(TryAcquire)
            .Or(ExpressionGrammar.Expression.Select(e => new RightSide(e)))
            .Named("a name, a number, a function or '('");

    private static TokenListParser<Symbol, RightSide> TryAcquire =>
        from function in Token.EqualToValue(Symbol.Function, "try_acquire")
        from target in ExpressionGrammar.Reference.Named("a lock")
        select new RightSide(null, AtomicKind.TryAcquire, target, []);

    private static TokenListParser<Symbol, RightSide> Atomic(string name, AtomicKind kind) =>
        from place in FunctionNamed(name)
        from target in ExpressionGrammar.Reference
        from value in Token.EqualTo(Symbol.Comma).Named("','").IgnoreThen(ExpressionGrammar.Expression)
        from close in Token.EqualTo(Symbol.CloseParenthesis).Named("an operator or ')'")
        select new RightSide(null, kind, target, [value]);

    private static TokenListParser<Symbol, Token<Symbol>> FunctionNamed(string name)
        => Token.EqualToValue(Symbol.Function, name).IgnoreThen(Token.EqualTo(Symbol.OpenParenthesis).Named("'('"));

    private static TokenListParser<Symbol, (Token<Symbol> Name, Token<Symbol>? Size, long Initial)[]> Declared(TokenListParser<Symbol, long> initial) =>
        (from name in ExpressionGrammar.Name
         from size in ExpressionGrammar.Digits
             .Between(Token.EqualTo(Symbol.OpenBracket), Token.EqualTo(Symbol.CloseBracket).Named("']'"))
             .Select(t => (Token<Symbol>?)t).OptionalOrDefault()
         from value in initial
         select (name, size, value)).AtLeastOnceDelimitedBy(Token.EqualTo(Symbol.Comma));

    private static TokenListParser<Symbol, Word> WordNamed(string expected)
        => Token.EqualTo(Symbol.Word).Named(expected).Select(t => new Word(t.ToStringValue(), ExpressionGrammar.PlaceOf(t)));

    private static TokenListParser<Symbol, Token<Symbol>> Fixed(string word)
        => Token.EqualToValue(Symbol.Word, word).Named($"'{word}'");
}
