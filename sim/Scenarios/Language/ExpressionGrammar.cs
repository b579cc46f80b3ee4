using System.Globalization;
using Superpower;
using Superpower.Model;
using Superpower.Parsers;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>
/// Expressions. A chain of operators is read flat and folded by strength afterwards: only parentheses and indices recur, whose
/// depth is bounded before.
/// </summary>
internal static class ExpressionGrammar
{
    /// <summary>The name of something that a line declares or sets.</summary>
    public static readonly TokenListParser<Symbol, Token<Symbol>> Name = Token.EqualTo(Symbol.Name).Named("a name");

    /// <summary>An expression.</summary>
    public static readonly TokenListParser<Symbol, ExpressionSyntax> Expression = Parse.Ref(() => Chain!);

    /// <summary>A number; its digits were checked before.</summary>
    public static readonly TokenListParser<Symbol, Token<Symbol>> Digits = Token.EqualTo(Symbol.Number).Named("a number");

    /// <summary>A number, which may be negative.</summary>
    public static readonly TokenListParser<Symbol, long> SignedNumber =
        from signs in Token.EqualTo(Symbol.Minus).Named("a number").OptionalOrDefault()
        from digits in Digits
        select signs.Kind == Symbol.Minus ? unchecked(-ValueOf(digits)) : ValueOf(digits);

    private static readonly TokenListParser<Symbol, ExpressionSyntax?> Index =
        Expression.Between(Token.EqualTo(Symbol.OpenBracket), Token.EqualTo(Symbol.CloseBracket).Named("an operator or ']'"))
            .Select(e => (ExpressionSyntax?)e).OptionalOrDefault();

    /// <summary>Something shared, or a register: <c>x</c>, <c>a[e]</c>.</summary>
    public static readonly TokenListParser<Symbol, ReferenceSyntax> Reference =
        from name in Token.EqualTo(Symbol.Name).Named("a variable")
        from index in Index
        select new ReferenceSyntax(PlaceOf(name), name.ToStringValue(), index);

    private static readonly TokenListParser<Symbol, Token<Symbol>> Register =
        Token.EqualTo(Symbol.Dot).IgnoreThen(Token.EqualTo(Symbol.Name).Named("a register")).OptionalOrDefault();

    private static readonly TokenListParser<Symbol, ExpressionSyntax> Named =
        from name in Token.Matching<Symbol>(k => k is Symbol.Name or Symbol.Id or Symbol.Deadlock, "a name")
        from index in Index
        from register in Register
        select register.Kind == Symbol.Name && register.Span.Length > 0
            ? new MemberSyntax(Across(name, register), name.ToStringValue(), (index as NumberSyntax)?.Value, register.ToStringValue())
            : (ExpressionSyntax)new ReferenceSyntax(PlaceOf(name), name.ToStringValue(), index);

    private static readonly TokenListParser<Symbol, ExpressionSyntax> Operand =
        Named
            .Or(Digits.Select(ExpressionSyntax (t) => new NumberSyntax(PlaceOf(t), ValueOf(t))))
            .Or(Token.EqualTo(Symbol.Text).Select(ExpressionSyntax (t) => new TextSyntax(PlaceOf(t), QuotedText.ValueOf(t.Span))))
            .Or(Token.EqualTo(Symbol.Predicate).Select(ExpressionSyntax (t) => PredicateOf(t)))
            .Or(Expression.Between(
                Token.EqualTo(Symbol.OpenParenthesis),
                Token.EqualTo(Symbol.CloseParenthesis).Named("an operator or ')'")))
            .Named("a name, a number or '('");

    private static readonly TokenListParser<Symbol, ExpressionSyntax> Signed =
        from signs in Token.Matching<Symbol>(k => k is Symbol.Not or Symbol.Minus, "a sign").Many()
        from operand in Operand
        select WithSigns(signs, operand);

    private static readonly TokenListParser<Symbol, (Token<Symbol> Operator, ExpressionSyntax Right)> Link =
        from symbol in Token.Matching<Symbol>(k => StrengthOf(k) > 0, "an operator")
        from right in Signed.Named("a name, a number or '('")
        select (symbol, right);

    private static readonly TokenListParser<Symbol, ExpressionSyntax> Chain =
        from first in Signed.Named("a name, a number or '('")
        from links in Link.Many()
        select Fold(first, links);

    /// <summary>Where a piece stands.</summary>
    public static Place PlaceOf(Token<Symbol> token)
        => new(token.Position.Line, token.Position.Column, Math.Max(1, token.Span.Length));

    /// <summary>The value of digits that fit; 2^63, allowed after a minus only, is what the minus makes of it.</summary>
    public static long ValueOf(Token<Symbol> digits)
        => unchecked((long)ulong.Parse(digits.Span.AsReadOnlySpan(), NumberStyles.None, CultureInfo.InvariantCulture));

    /// <summary>The operator that a symbol is between two operands, if it is one.</summary>
    public static BinaryOperator OperatorOf(Symbol symbol) => symbol switch
    {
        Symbol.Or => BinaryOperator.Or,
        Symbol.And => BinaryOperator.And,
        Symbol.Equal => BinaryOperator.Equal,
        Symbol.NotEqual => BinaryOperator.NotEqual,
        Symbol.Less => BinaryOperator.Less,
        Symbol.LessOrEqual => BinaryOperator.LessOrEqual,
        Symbol.Greater => BinaryOperator.Greater,
        Symbol.GreaterOrEqual => BinaryOperator.GreaterOrEqual,
        Symbol.Plus => BinaryOperator.Add,
        Symbol.Minus => BinaryOperator.Subtract,
        Symbol.Times => BinaryOperator.Multiply,
        Symbol.Divide => BinaryOperator.Divide,
        Symbol.Remainder => BinaryOperator.Remainder,
        _ => throw new ArgumentOutOfRangeException(nameof(symbol), symbol, "no operator"),
    };

    /// <summary>How strongly a symbol binds, as in C; 0 if it is no operator between two operands.</summary>
    public static int StrengthOf(Symbol symbol) => symbol switch
    {
        Symbol.Or => 1,
        Symbol.And => 2,
        Symbol.Equal or Symbol.NotEqual => 3,
        Symbol.Less or Symbol.LessOrEqual or Symbol.Greater or Symbol.GreaterOrEqual => 4,
        Symbol.Plus or Symbol.Minus => 5,
        Symbol.Times or Symbol.Divide or Symbol.Remainder => 6,
        _ => 0,
    };

    /// <summary>The argument of a predicate: what is between its parentheses.</summary>
    public static string ArgumentOf(Token<Symbol> predicate)
    {
        var text = predicate.ToStringValue();
        return text[(text.IndexOf('(', StringComparison.Ordinal) + 1)..].TrimEnd(')').Trim(' ', '\t');
    }

    /// <summary>The name of a predicate.</summary>
    public static string PredicateNameOf(Token<Symbol> predicate)
    {
        var text = predicate.ToStringValue();
        return text[..text.IndexOf('(', StringComparison.Ordinal)].TrimEnd(' ', '\t');
    }

    private static PredicateSyntax PredicateOf(Token<Symbol> token)
    {
        var argument = ArgumentOf(token);
        var at = token.ToStringValue().IndexOf(argument, token.ToStringValue().IndexOf('(', StringComparison.Ordinal), StringComparison.Ordinal);
        var place = new Place(token.Position.Line, token.Position.Column + at, Math.Max(1, argument.Length));
        return new PredicateSyntax(PlaceOf(token), PredicateNameOf(token), new Word(argument, place));
    }

    // A minus right before a number is part of it.
    private static ExpressionSyntax WithSigns(Token<Symbol>[] signs, ExpressionSyntax operand)
    {
        var result = operand;
        for (var i = signs.Length - 1; i >= 0; i--)
        {
            var place = PlaceOf(signs[i]);
            result = i == signs.Length - 1 && signs[i].Kind == Symbol.Minus && operand is NumberSyntax number && !IsInParentheses(signs[i], operand)
                ? new NumberSyntax(place with { Length = operand.Place.Column + operand.Place.Length - place.Column }, unchecked(-number.Value))
                : new UnarySyntax(place, signs[i].Kind == Symbol.Minus ? UnaryOperator.Negate : UnaryOperator.Not, result);
        }

        return result;
    }

    // The tree has no parentheses, but the line has.
    private static bool IsInParentheses(Token<Symbol> sign, ExpressionSyntax operand)
    {
        var between = sign.Span.Source.AsSpan()[(sign.Position.Absolute + 1)..(operand.Place.Column - 1)];
        return between.Contains('(');
    }

    private static ExpressionSyntax Fold(ExpressionSyntax first, (Token<Symbol> Operator, ExpressionSyntax Right)[] links)
    {
        var operands = new Stack<ExpressionSyntax>([first]);
        var operators = new Stack<Token<Symbol>>();
        foreach (var (symbol, right) in links)
        {
            while (operators.Count > 0 && StrengthOf(operators.Peek().Kind) >= StrengthOf(symbol.Kind))
                Join(operands, operators.Pop());
            operators.Push(symbol);
            operands.Push(right);
        }

        while (operators.Count > 0)
            Join(operands, operators.Pop());
        return operands.Pop();
    }

    private static void Join(Stack<ExpressionSyntax> operands, Token<Symbol> symbol)
    {
        var right = operands.Pop();
        operands.Push(new BinarySyntax(PlaceOf(symbol), OperatorOf(symbol.Kind), operands.Pop(), right));
    }

    private static Place Across(Token<Symbol> first, Token<Symbol> last)
        => PlaceOf(first) with { Length = last.Position.Column + last.Span.Length - first.Position.Column };
}
