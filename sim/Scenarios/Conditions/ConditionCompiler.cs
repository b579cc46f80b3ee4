using System.Globalization;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Conditions;

/// <summary>From a condition as it is written to one that can be asked after each execution, without allocating.</summary>
/// <param name="scope">What the names mean.</param>
/// <param name="diagnostics">Where mistakes are noted.</param>
internal sealed class ConditionCompiler(IConditionScope scope, Diagnostics diagnostics)
{
    private const string Deadlock = "deadlock";

    /// <summary>The expectation that a line states.</summary>
    public Expectation Bind(ExpectationSyntax syntax)
    {
        var condition = Truth(syntax.Condition);
        var name = syntax.Name?.Text ?? $"{syntax.Frequency.ToString().ToLowerInvariant()} {syntax.Text}";
        return new Expectation(name, syntax.Frequency, syntax.Text, condition)
        {
            IsAskedInDeadlocks = MentionsDeadlock(syntax.Condition),
        };
    }

    private static bool MentionsDeadlock(ExpressionSyntax expression) => expression switch
    {
        ReferenceSyntax { Index: null } reference => reference.Name == Deadlock,
        UnarySyntax unary => MentionsDeadlock(unary.Operand),
        BinarySyntax binary => MentionsDeadlock(binary.Left) || MentionsDeadlock(binary.Right),
        _ => false,
    };

    // A condition, as true or false.
    private Func<bool> Truth(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case ReferenceSyntax { Name: Deadlock, Index: null }:
                return scope.Deadlocked;
            case UnarySyntax { Operator: UnaryOperator.Not } not:
                var operand = Truth(not.Operand);
                return () => !operand();
            case BinarySyntax { Operator: BinaryOperator.And or BinaryOperator.Or } binary:
                var (left, right) = (Truth(binary.Left), Truth(binary.Right));
                return binary.Operator == BinaryOperator.And ? () => left() && right() : () => left() || right();
            case BinarySyntax binary when IsComparison(binary.Operator):
                return Comparison(binary);
            case PredicateSyntax predicate when scope.Predicate(predicate) is { } holds:
                return holds;
            case PredicateSyntax predicate when scope.TextPredicate(predicate) != null:
                diagnostics.Add(predicate.Place, $"{predicate.Name}({predicate.Argument}) is a text: compare it, with == or !=");
                return Never;
            case ReferenceSyntax or MemberSyntax when !scope.IsNumeric:
                if (Named(expression) is { } register)
                    diagnostics.Add(expression.Place, $"{register.Name} is a text: compare it, as in {register.Name} == \"OK\"");
                return Never;
            default:
                var number = Number(expression);
                return () => number() != 0;
        }
    }

    private Func<bool> Comparison(BinarySyntax comparison)
    {
        var (left, right) = (comparison.Left, comparison.Right);
        var isEquality = comparison.Operator is BinaryOperator.Equal or BinaryOperator.NotEqual;
        if (!IsText(left) && !IsText(right))
            return isEquality && IsTruth(left) && IsTruth(right) ? Equality(comparison) : Numbers(comparison);
        if (scope.IsNumeric)
        {
            diagnostics.Add((left is TextSyntax ? left : right).Place, "a program has numbers only");
            return Never;
        }

        if (!isEquality)
        {
            diagnostics.Add(comparison.Place, "texts are compared with == or !=");
            return Never;
        }

        if (left is TextSyntax)
            (left, right) = (right, left);
        var wanted = comparison.Operator == BinaryOperator.Equal;
        if (right is TextSyntax constant)
        {
            var text = constant.Value;
            if (left is ReferenceSyntax or MemberSyntax && !scope.IsNumeric && !IsDeadlock(left))
                return Named(left) is { } register ? () => register.Is(text) == wanted : Never;
            return Text(left) is { } value ? () => value() == text == wanted : Never;
        }

        return Text(left) is { } first && Text(right) is { } second ? () => first() == second() == wanted : Never;
    }

    private Func<bool> Equality(BinarySyntax comparison)
    {
        var (left, right) = (Truth(comparison.Left), Truth(comparison.Right));
        return comparison.Operator == BinaryOperator.Equal ? () => left() == right() : () => left() != right();
    }

    private Func<bool> Numbers(BinarySyntax comparison)
    {
        var (left, right) = (Number(comparison.Left), Number(comparison.Right));
        return comparison.Operator switch
        {
            BinaryOperator.Equal => () => left() == right(),
            BinaryOperator.NotEqual => () => left() != right(),
            BinaryOperator.Less => () => left() < right(),
            BinaryOperator.LessOrEqual => () => left() <= right(),
            BinaryOperator.Greater => () => left() > right(),
            _ => () => left() >= right(),
        };
    }

    private Func<string>? Text(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case TextSyntax constant:
                return () => constant.Value;
            case PredicateSyntax predicate when scope.TextPredicate(predicate) is { } text:
                return text;
            case ReferenceSyntax or MemberSyntax when !scope.IsNumeric && !IsDeadlock(expression):
                return Named(expression) is { } register ? () => register.Text : null;
            default:
                diagnostics.Add(expression.Place, "this is no text: a text is compared with a text in quotes");
                return null;
        }
    }

    private Func<long> Number(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case NumberSyntax number:
                return () => number.Value;
            case ReferenceSyntax or MemberSyntax when scope.IsNumeric && !IsDeadlock(expression):
                return Named(expression) is { } register ? () => register.Number : Zero;
            case UnarySyntax { Operator: UnaryOperator.Negate } negation:
                var operand = Number(negation.Operand);
                return () => unchecked(-operand());
            case BinarySyntax binary when Arithmetic(binary) is { } value:
                return value;
            case UnarySyntax or BinarySyntax or ReferenceSyntax { Name: Deadlock }:
                var truth = Truth(expression);
                return () => truth() ? 1 : 0;
            case ReferenceSyntax or MemberSyntax:
                if (Named(expression) is { } found)
                    diagnostics.Add(expression.Place, $"{found.Name} is a text, no number: compare it with a text in quotes");
                return Zero;
            default:
                diagnostics.Add(expression.Place, scope.IsNumeric ? "a program has numbers only" : "this is no number");
                return Zero;
        }
    }

    private Func<long>? Arithmetic(BinarySyntax binary)
    {
        if (binary.Operator is < BinaryOperator.Add)
            return null;
        var (left, right) = (Number(binary.Left), Number(binary.Right));
        return binary.Operator switch
        {
            BinaryOperator.Add => () => unchecked(left() + right()),
            BinaryOperator.Subtract => () => unchecked(left() - right()),
            BinaryOperator.Multiply => () => unchecked(left() * right()),
            // The end of an execution is no place for a finding: what cannot be divided is 0.
            BinaryOperator.Divide => () => right() switch { 0 => 0, -1 => unchecked(-left()), var by => left() / by },
            _ => () => right() switch { 0 or -1 => 0, var by => left() % by },
        };
    }

    private Register? Named(ExpressionSyntax expression)
    {
        if (NameOf(expression) is not { } name)
            return null;
        var register = scope.Find(name);
        if (register == null)
            diagnostics.Add(expression.Place, Nearest.Message(scope.IsNumeric ? "register or shared variable" : "register", name, scope.Names));
        return register;
    }

    private string? NameOf(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case MemberSyntax { Copy: null } member:
                return $"{member.Thread}.{member.Register}";
            case MemberSyntax member:
                return string.Create(CultureInfo.InvariantCulture, $"{member.Thread}[{member.Copy}].{member.Register}");
            case ReferenceSyntax { Index: null } reference:
                return reference.Name;
            case ReferenceSyntax { Index: NumberSyntax index } reference:
                return string.Create(CultureInfo.InvariantCulture, $"{reference.Name}[{index.Value}]");
            default:
                diagnostics.Add(expression.Place, "in an expectation an index is a number");
                return null;
        }
    }

    private bool IsText(ExpressionSyntax expression) => expression switch
    {
        TextSyntax => true,
        PredicateSyntax predicate => scope.TextPredicate(predicate) != null,
        ReferenceSyntax or MemberSyntax => !scope.IsNumeric && !IsDeadlock(expression),
        _ => false,
    };

    private bool IsTruth(ExpressionSyntax expression) => expression switch
    {
        PredicateSyntax predicate => scope.Predicate(predicate) != null,
        UnarySyntax { Operator: UnaryOperator.Not } => true,
        BinarySyntax binary => binary.Operator < BinaryOperator.Add,
        _ => IsDeadlock(expression),
    };

    private static bool IsComparison(BinaryOperator binary) => binary is >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual;

    private static bool IsDeadlock(ExpressionSyntax expression) => expression is ReferenceSyntax { Name: Deadlock, Index: null };

    private static bool Never() => false;

    private static long Zero() => 0;
}
