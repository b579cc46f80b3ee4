namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>What is said to those who write another language by habit.</summary>
internal static class Hints
{
    private const string Operators = "+ - * / % == != < <= > >= && || !";

    /// <summary>A message for a common mistake, or null.</summary>
    public static string? Of(Mistake mistake)
        => mistake.Pieces[0].Kind is Symbol.Word ? InWords(mistake)
            : InWhole(mistake) ?? InOperator(mistake) ?? InName(mistake) ?? InPunctuation(mistake);

    private static string? InWhole(Mistake mistake)
    {
        if (mistake.Context == LineContext.Expectation && mistake.Pieces.Any(p => p.Kind == Symbol.Colon))
            return "the name before ':' has letters, digits, - and _, and no spaces";
        return mistake.Pieces is [_, { Kind: Symbol.Assign }, { Kind: Symbol.Function } function, ..] && mistake.Expected.Contains("the end of the line")
            ? $"'{function.ToStringValue()}' stands alone on the right of '='; the rest goes into a line of its own" : null;
    }

    private static string? InWords(Mistake mistake)
    {
        var first = mistake.Pieces[0].ToStringValue();
        return (first, mistake.Text) switch
        {
            ("else", "if") => "'else' stands alone; the 'if' goes into the next line, with an 'end' of its own",
            ("source" or "scenario", _) when mistake.Kind == Symbol.Word && mistake.Expected.Contains("a text in quotes")
                => $"the text after '{mistake.Before}' goes into quotes",
            ("scenario", _) when mistake is { Kind: Symbol.Word, At: 2 } => "the title goes into quotes",
            ("scenario", _) when mistake is { Kind: Symbol.Text, At: 1 } => "expected a name before the title",
            ("without", _) when mistake is { Kind: Symbol.Word, At: 1, Pieces.Length: 2 } => $"expected 'rule' after 'without': without rule {mistake.Text}",
            (_, not "") when mistake.Pieces.Take(mistake.At).Any(p => p.Kind == Symbol.Arrow) && mistake.Expected.Contains("the end of the line")
                => $"expected the end of the line after {Misspelling.Quote(mistake.Before)}, not {Misspelling.Quote(mistake.Text)}",
            _ => null,
        };
    }

    private static string? InOperator(Mistake mistake)
    {
        var joined = mistake.Joined;
        if (mistake.Context != LineContext.Declaration && joined is "++" or "--" or "+=" or "-=" or "*=" or "/=" or "%=")
            return $"no '{joined}'; r = r {joined[0]} 1 is";
        if (joined is "<<" or ">>" or "**" or "//")
            return $"no operator '{joined}'; there are {Operators}";
        if (joined is "=>" or "=<" or "<>" or "===" or "!==" or ":=" || (joined == "==" && mistake.Kind == Symbol.Assign))
            return $"no operator '{joined}'; '{joined switch { "=>" => ">=", "=<" => "<=", "<>" or "!==" => "!=", ":=" => "=", _ => "==" }}' is";
        if (joined == "->")
            return "registers are set with '='; '->' keeps the result of an operation";
        if (mistake.Kind == Symbol.Assign && mistake.After is ">" or "<")
            return $"no operator '={mistake.After}'; '{mistake.After}=' is";
        return mistake.Kind switch
        {
            Symbol.Assign when mistake.Expected.Contains("'='") => null,
            Symbol.Dot when mistake.At > 0 && mistake.Pieces[mistake.At - 1].Kind == Symbol.Number => "numbers have no '.'",
            Symbol.Assign when mistake.Context != LineContext.Declaration => "'=' sets a variable; '==' compares",
            Symbol.Unknown when mistake.Text is "&" or "|" => $"no operator '{mistake.Text}'; '{mistake.Text}{mistake.Text}' is",
            Symbol.Unknown when mistake.Text is "^" or "~" or "?" => $"no operator '{mistake.Text}'; there are {Operators}",
            _ => null,
        };
    }

    private static string? InName(Mistake mistake)
    {
        var text = mistake.Text;
        if (mistake is { Kind: Symbol.Name, IsAfterOperand: true } && text is "and" or "or")
            return $"no operator '{text}'; '{(text == "and" ? "&&" : "||")}' is";
        if (mistake is { Before: "not", IsAfterOperand: true, Kind: not null })
            return "no operator 'not'; '!' is";
        if (text is "then" or "do" && mistake.IsAfterOperand)
            return $"no '{text}' is needed";
        if (mistake.Kind == Symbol.Keyword && mistake.Context == LineContext.Expectation && Keywords.Predicates.Contains(text) && !mistake.IsAfterOperand)
            return $"expected '(' after '{text}': {text}({(text is "status" or "key_in_memory" ? "K1" : "d/f")})";
        if (text is "true" or "false" && !mistake.IsAfterOperand)
            return $"no '{text}'; {(text == "true" ? 1 : 0)} is";
        if (mistake.Kind is Symbol.Keyword or Symbol.Id or Symbol.Deadlock && !mistake.IsAfterOperand)
            return $"'{text}' is a word of the language, and cannot be a name";
        if (mistake.Kind == Symbol.Function && !mistake.IsAfterOperand)
            return $"'{text}' stands alone on the right of '=': r = {(text == "try_acquire" ? "try_acquire l" : text + "(…)")}";
        if (mistake.Kind == Symbol.OpenParenthesis && mistake.At > 0 && mistake.Pieces[mistake.At - 1].Kind == Symbol.Name)
            return Unknown(mistake);
        if (mistake is { At: 3, IsAfterOperand: true } && mistake.Pieces[1].Kind == Symbol.Assign && mistake.Actors.Contains(mistake.Before))
            return $"an operation keeps its result with '->': {mistake.Before} … -> {mistake.Pieces[0].ToStringValue()}";
        if (mistake.Kind == Symbol.Number && mistake.At > 0 && mistake.Before == "thread")
            return $"a name begins with a letter, not with {Misspelling.Quote(text)}";
        return mistake.Kind == Symbol.Minus && mistake.At == 2 && mistake.Pieces[0].ToStringValue() is "thread" or "shared" or "lock" or "rwsem"
            ? "a name here has letters, digits and _, and no '-'" : null;
    }

    private static string Unknown(Mistake mistake)
    {
        var isExpectation = mistake.Context == LineContext.Expectation;
        string[] names = [.. (isExpectation ? Keywords.Predicates : Keywords.Functions).Order(StringComparer.Ordinal)];
        var near = Misspelling.Nearest(mistake.Before, names);
        return $"no {(isExpectation ? "predicate" : "function")} {Misspelling.Quote(mistake.Before)}; "
            + (near != null ? $"the nearest is {near}" : $"there are {string.Join(", ", names)}");
    }

    private static string? InPunctuation(Mistake mistake) => mistake.Text switch
    {
        ";" => "a line needs no ';'",
        ":" when mistake.At == mistake.Pieces.Length - 1 => "no ':' is needed",
        "{" or "}" => "blocks end with a line 'end'; there are no braces",
        "'" or "‘" or "’" or "“" or "”" or "„" or "`" => $"no quote {mistake.Text}; texts stand in \"",
        "#" => "a comment begins after a space",
        _ => null,
    };
}
