using Superpower;
using Superpower.Model;
using Superpower.Parsers;
using Superpower.Tokenizers;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>What a line is made of.</summary>
internal enum Symbol
{
    /// <summary>In lines of words: anything up to a space or a quote.</summary>
    Word,

    /// <summary>In lines of words: <c>-></c>.</summary>
    Arrow,

    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>A text whose second quote is missing.</summary>
    OpenText,

    /// <summary>A word of the language, which cannot be a name.</summary>
    Keyword,

    /// <summary>One of the functions.</summary>
    Function,

    /// <summary><c>id</c>.</summary>
    Id,

    /// <summary><c>deadlock</c>.</summary>
    Deadlock,

    /// <summary>A predicate up to its closing parenthesis, or as much of it as there is.</summary>
    Predicate,
    Name,
    Number,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Colon,
    Assign,
    Or,
    And,
    Not,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,

    /// <summary>A character that means nothing.</summary>
    Unknown,
}

/// <summary>The two ways to cut a line into pieces. Neither fails: what has no meaning is <see cref="Symbol.Unknown"/>.</summary>
internal static class Symbols
{
    private static readonly TextParser<TextSpan> Spaces = Span.WithAll(c => c is ' ' or '\t');

    private static readonly TextParser<TextSpan> NameText =
        Span.MatchedBy(Character.Matching(IsNameStart, "a letter").IgnoreThen(Character.Matching(IsNamePart, "a letter").IgnoreMany()));

    // 12ab is one piece, so that the message is about all of it.
    private static readonly TextParser<TextSpan> NumberText =
        Span.MatchedBy(Character.Matching(char.IsAsciiDigit, "a digit").IgnoreThen(Character.Matching(IsNamePart, "a digit").IgnoreMany()));

    private static readonly TextParser<TextSpan> WordText = Span.WithoutAny(c => c is ' ' or '\t' or '"');

    private static readonly TextParser<TextSpan> PredicateText = input =>
    {
        if (input.IsAtEnd || !IsNameStart(input.AsReadOnlySpan()[0]))
            return Result.Empty<TextSpan>(input);
        var name = NameText(input);
        return name.HasValue && Keywords.Predicates.Contains(name.Value.ToStringValue()) ? PredicateRest(input, name.Remainder)
            : Result.Empty<TextSpan>(input);
    };

    /// <summary>For lines of words: headers and operations.</summary>
    public static Tokenizer<Symbol> OfWords { get; } = new TokenizerBuilder<Symbol>()
        .Ignore(Spaces)
        .Match(WordText.Where(s => s.EqualsValue("->")), Symbol.Arrow)
        .Match(WordText, Symbol.Word)
        .Match(Quoted(closed: true), Symbol.Text)
        .Match(Quoted(closed: false), Symbol.OpenText)
        .Build();

    /// <summary>For lines of expressions: declarations, statements of programs, expectations.</summary>
    public static Tokenizer<Symbol> OfExpressions { get; } = new TokenizerBuilder<Symbol>()
        .Ignore(Spaces)
        .Match(PredicateText, Symbol.Predicate)
        .Match(NameText, Symbol.Name)
        .Match(NumberText, Symbol.Number)
        .Match(Span.EqualTo("=="), Symbol.Equal)
        .Match(Span.EqualTo("!="), Symbol.NotEqual)
        .Match(Span.EqualTo("<="), Symbol.LessOrEqual)
        .Match(Span.EqualTo(">="), Symbol.GreaterOrEqual)
        .Match(Span.EqualTo("&&"), Symbol.And)
        .Match(Span.EqualTo("||"), Symbol.Or)
        .Match(Character.EqualTo('='), Symbol.Assign)
        .Match(Character.EqualTo('('), Symbol.OpenParenthesis)
        .Match(Character.EqualTo(')'), Symbol.CloseParenthesis)
        .Match(Character.EqualTo('['), Symbol.OpenBracket)
        .Match(Character.EqualTo(']'), Symbol.CloseBracket)
        .Match(Character.EqualTo('+'), Symbol.Plus)
        .Match(Character.EqualTo('-'), Symbol.Minus)
        .Match(Character.EqualTo('*'), Symbol.Times)
        .Match(Character.EqualTo('/'), Symbol.Divide)
        .Match(Character.EqualTo('%'), Symbol.Remainder)
        .Match(Character.EqualTo('<'), Symbol.Less)
        .Match(Character.EqualTo('>'), Symbol.Greater)
        .Match(Character.EqualTo('!'), Symbol.Not)
        .Match(Character.EqualTo(','), Symbol.Comma)
        .Match(Character.EqualTo('.'), Symbol.Dot)
        .Match(Character.EqualTo(':'), Symbol.Colon)
        .Match(Quoted(closed: true), Symbol.Text)
        .Match(Quoted(closed: false), Symbol.OpenText)
        .Match(Character.AnyChar, Symbol.Unknown)
        .Build();

    /// <summary>What a name is, which the tokenizer does not ask.</summary>
    public static Symbol KindOf(string name) => name switch
    {
        "id" => Symbol.Id,
        "deadlock" => Symbol.Deadlock,
        _ when Keywords.Functions.Contains(name) => Symbol.Function,
        _ when Keywords.IsKeyword(name) => Symbol.Keyword,
        _ => Symbol.Name,
    };

    /// <summary>Whether a name may begin so.</summary>
    public static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_';

    /// <summary>Whether it may go on so.</summary>
    public static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    // A backslash takes the next character with it, whatever that is; escapes are resolved later, with a message.
    private static TextParser<TextSpan> Quoted(bool closed) => input =>
    {
        var text = input.AsReadOnlySpan();
        if (text.Length == 0 || text[0] != '"')
            return Result.Empty<TextSpan>(input);
        var length = 1;
        while (length < text.Length && text[length] != '"')
            length += text[length] == '\\' && length + 1 < text.Length ? 2 : 1;
        if (length < text.Length == closed)
            return Taken(input, closed ? length + 1 : text.Length);
        return Result.Empty<TextSpan>(input);
    };

    // The argument is a raw word. Without a closing parenthesis the piece ends where the word does.
    private static Result<TextSpan> PredicateRest(TextSpan whole, TextSpan rest)
    {
        var text = whole.AsReadOnlySpan();
        var at = Skip(text, whole.Length - rest.Length, c => c is ' ' or '\t');
        if (at == text.Length || text[at] != '(')
            return Result.Empty<TextSpan>(whole);
        at = Skip(text, at + 1, c => c is ' ' or '\t');
        at = Skip(text, at, c => c is not (' ' or '\t' or '(' or ')' or '"'));
        var end = Skip(text, at, c => c is ' ' or '\t');
        return Taken(whole, end < text.Length && text[end] == ')' ? end + 1 : at);
    }

    private static int Skip(ReadOnlySpan<char> text, int from, Func<char, bool> over)
    {
        while (from < text.Length && over(text[from]))
            from++;
        return from;
    }

    private static Result<TextSpan> Taken(TextSpan input, int length) => Result.Value(input.First(length), input, input.Skip(length));
}
