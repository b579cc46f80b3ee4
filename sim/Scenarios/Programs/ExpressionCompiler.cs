using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>Makes code of an expression whose names are right. What is shared in it is what a read has found.</summary>
internal sealed class ExpressionCompiler
{
    private readonly List<ExpressionStep> steps = [];
    private readonly ThreadNames names;
    private int height;
    private int depth;

    private ExpressionCompiler(ThreadNames names) => this.names = names;

    /// <summary>The code.</summary>
    public static Expression Compile(ExpressionSyntax syntax, ThreadNames names)
    {
        var compiler = new ExpressionCompiler(names);
        compiler.Add(syntax);
        return new Expression([.. compiler.steps], compiler.depth);
    }

    private void Add(ExpressionSyntax syntax)
    {
        switch (syntax)
        {
            case NumberSyntax number:
                Push(ExpressionOperator.Number, number.Value);
                break;
            case ReferenceSyntax reference when names.IsShared(reference):
                Push(ExpressionOperator.Loaded);
                break;
            case ReferenceSyntax { Name: ThreadNames.Id }:
                Push(ExpressionOperator.Id);
                break;
            case ReferenceSyntax reference:
                Push(ExpressionOperator.Register, names.Registers.IndexOf(reference.Name));
                break;
            case UnarySyntax unary:
                AddUnary(unary);
                break;
            case BinarySyntax { Operator: BinaryOperator.And or BinaryOperator.Or } both:
                AddShort(both);
                break;
            case BinarySyntax binary:
                AddBinary(binary);
                break;
            default:
                throw new ArgumentException($"{syntax} is for expectations", nameof(syntax));
        }
    }

    private void AddUnary(UnarySyntax unary)
    {
        var start = steps.Count;
        Add(unary.Operand);
        var negates = unary.Operator == UnaryOperator.Negate;
        if (IsNumber(start))
            steps[^1] = new(ExpressionOperator.Number, negates ? unchecked(-steps[^1].Operand) : steps[^1].Operand == 0 ? 1 : 0);
        else
            steps.Add(new(negates ? ExpressionOperator.Negate : ExpressionOperator.Not));
    }

    private void AddBinary(BinarySyntax binary)
    {
        var start = steps.Count;
        Add(binary.Left);
        var leftIsNumber = IsNumber(start);
        var right = steps.Count;
        Add(binary.Right);
        height--;
        var @operator = Of(binary.Operator);
        if (leftIsNumber && IsNumber(right) && Expression.TryCompute(@operator, steps[start].Operand, steps[right].Operand, out var value))
        {
            steps.RemoveAt(right);
            steps[start] = new(ExpressionOperator.Number, value);
        }
        else
        {
            steps.Add(new(@operator));
        }
    }

    // The second operand is evaluated only if the first does not decide: it may divide by zero. An access is done in any case.
    private void AddShort(BinarySyntax both)
    {
        Add(both.Left);
        var decision = steps.Count;
        steps.Add(default);
        height--;
        Add(both.Right);
        steps[decision] = new(both.Operator == BinaryOperator.And ? ExpressionOperator.AndElse : ExpressionOperator.OrElse, steps.Count);
        steps.Add(new(ExpressionOperator.Truth));
    }

    private bool IsNumber(int start) => steps.Count == start + 1 && steps[start].Operator == ExpressionOperator.Number;

    private void Push(ExpressionOperator @operator, long operand = 0)
    {
        steps.Add(new(@operator, operand));
        depth = Math.Max(depth, ++height);
    }

    private static ExpressionOperator Of(BinaryOperator @operator) => ExpressionOperator.Equal + (byte)(@operator - BinaryOperator.Equal);
}
