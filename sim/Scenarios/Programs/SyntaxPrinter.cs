using System.Globalization;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>Expressions and accesses as text, with as few parentheses as they need.</summary>
internal static class SyntaxPrinter
{
    /// <summary>Stands for the reference that is to be told in another way.</summary>
    public const char Mark = '\u0001';

    // As strong as in C: a higher one binds first.
    private static readonly (string Text, int Strength)[] Binary =
    [
        ("||", 1), ("&&", 2), ("==", 3), ("!=", 3), ("<", 4), ("<=", 4), (">", 4), (">=", 4), ("+", 5), ("-", 5), ("*", 6), ("/", 6), ("%", 6),
    ];

    /// <summary>An operator as it is written.</summary>
    public static string Of(BinaryOperator @operator) => Binary[(int)@operator].Text;

    /// <summary>An atomic operation as it is written.</summary>
    public static string Of(AtomicKind kind) => kind switch
    {
        AtomicKind.CompareExchange => "cas",
        AtomicKind.FetchAdd => "fetch_add",
        AtomicKind.Exchange => "exchange",
        _ => "try_acquire",
    };

    /// <summary>An operation on a lock as it is written.</summary>
    public static string Of(LockAction action) => action switch
    {
        LockAction.Acquire => "acquire",
        LockAction.Release => "release",
        LockAction.DownRead => "down_read",
        LockAction.UpRead => "up_read",
        LockAction.DownWrite => "down_write",
        _ => "up_write",
    };

    /// <summary>What is on the right of an atomic operation.</summary>
    public static string Of(AtomicKind kind, ExpressionSyntax target, IEnumerable<ExpressionSyntax> arguments, ReferenceSyntax? marked = null)
        => kind == AtomicKind.TryAcquire ? $"try_acquire {Of(target, marked)}"
            : $"{Of(kind)}({string.Join(", ", arguments.Prepend(target).Select(a => Of(a, marked)))})";

    /// <summary>An expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="marked">A reference in it that is only marked, or null.</param>
    public static string Of(ExpressionSyntax expression, ReferenceSyntax? marked = null) => Of(expression, marked, 0);

    private static string Of(ExpressionSyntax expression, ReferenceSyntax? marked, int strength)
    {
        switch (expression)
        {
            case NumberSyntax number:
                return number.Value.ToString(CultureInfo.InvariantCulture);
            case ReferenceSyntax reference when ReferenceEquals(reference, marked):
                return Mark.ToString();
            case ReferenceSyntax { Index: { } index } element:
                return $"{element.Name}[{Of(index, marked, 0)}]";
            case ReferenceSyntax reference:
                return reference.Name;
            case UnarySyntax unary:
                return (unary.Operator == UnaryOperator.Negate ? "-" : "!") + Of(unary.Operand, marked, Binary[^1].Strength + 1);
            case BinarySyntax binary:
                var (text, own) = Binary[(int)binary.Operator];
                var result = $"{Of(binary.Left, marked, own)} {text} {Of(binary.Right, marked, own + 1)}";
                return own < strength ? $"({result})" : result;
            default:
                return "…";
        }
    }
}
