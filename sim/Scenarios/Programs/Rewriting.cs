using System.Collections.Immutable;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>The lines to write instead of one with more shared accesses than a line may have: each is read into a register first.</summary>
/// <param name="isShared">Whether a reference is to something shared.</param>
/// <param name="freeNames">Names for registers.</param>
/// <param name="count">How many accesses to take out; those that come first.</param>
internal sealed class Rewriting(Func<ReferenceSyntax, bool> isShared, IEnumerator<string> freeNames, int count)
{
    private readonly List<string> lines = [];
    private int left = count;

    /// <summary>A name that nothing in the thread has.</summary>
    public string NextName()
    {
        freeNames.MoveNext();
        return freeNames.Current;
    }

    /// <summary>All lines.</summary>
    /// <param name="last">The line that is left of the statement.</param>
    public string EndingWith(string last) => string.Join(", then ", lines.Append(last));

    /// <summary>An expression with registers instead of what is taken out of it.</summary>
    public ExpressionSyntax Without(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case UnarySyntax unary:
                return unary with { Operand = Without(unary.Operand) };
            case BinarySyntax binary:
                var first = Without(binary.Left);
                return binary with { Left = first, Right = Without(binary.Right) };
            case ReferenceSyntax reference:
                var element = WithoutIndex(reference);
                if (!isShared(reference) || left == 0)
                    return element;
                left--;
                var name = NextName();
                lines.Add($"{name} = {SyntaxPrinter.Of(element)}");
                return new ReferenceSyntax(reference.Place, name, null);
            default:
                return expression;
        }
    }

    /// <summary>The same element, whose index has registers instead of what is taken out of it.</summary>
    public ReferenceSyntax WithoutIndex(ReferenceSyntax reference)
        => reference.Index == null ? reference : reference with { Index = Without(reference.Index) };

    /// <inheritdoc cref="Without(ExpressionSyntax)"/>
    public ImmutableArray<ExpressionSyntax> Without(ImmutableArray<ExpressionSyntax> expressions) => [.. expressions.Select(Without)];
}
