namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>
/// An expression as code for a stack: a loop evaluates it, however long it is, in a stack of known depth. Nothing is allocated.
/// </summary>
/// <param name="code">What to do, one after another.</param>
/// <param name="depth">Values that are on the stack at once, at most.</param>
internal sealed class Expression(ExpressionStep[] code, int depth)
{
    /// <summary>Values that are on the stack at once, at most.</summary>
    public int Depth { get; } = depth;

    /// <summary>Whether it is a number.</summary>
    public bool IsConstant => code is [{ Operator: ExpressionOperator.Number }];

    /// <summary>The value of a constant.</summary>
    public long Constant => code[0].Operand;

    /// <summary>The value.</summary>
    /// <param name="registers">The thread's registers.</param>
    /// <param name="id">The thread's number among its copies.</param>
    /// <param name="loaded">What a read has found.</param>
    /// <param name="stack">Room for <see cref="Depth"/> values.</param>
    /// <param name="value">The value.</param>
    /// <returns>False if it divides by zero.</returns>
    public bool TryEvaluate(ReadOnlySpan<long> registers, long id, long loaded, Span<long> stack, out long value)
    {
        var top = -1;
        for (var i = 0; i < code.Length; i++)
        {
            ref readonly var step = ref code[i];
            switch (step.Operator)
            {
                case ExpressionOperator.Number:
                    stack[++top] = step.Operand;
                    break;
                case ExpressionOperator.Register:
                    stack[++top] = registers[(int)step.Operand];
                    break;
                case ExpressionOperator.Id:
                    stack[++top] = id;
                    break;
                case ExpressionOperator.Loaded:
                    stack[++top] = loaded;
                    break;
                case ExpressionOperator.Negate:
                    stack[top] = unchecked(-stack[top]);
                    break;
                case ExpressionOperator.Not:
                    stack[top] = stack[top] == 0 ? 1 : 0;
                    break;
                case ExpressionOperator.Truth:
                    stack[top] = stack[top] != 0 ? 1 : 0;
                    break;
                case ExpressionOperator.AndElse or ExpressionOperator.OrElse:
                    // The first operand decides, or is dropped and the second one does.
                    if (stack[top] != 0 == (step.Operator == ExpressionOperator.OrElse))
                        i = (int)step.Operand - 1;
                    else
                        top--;
                    break;
                default:
                    top--;
                    if (!TryCompute(step.Operator, stack[top], stack[top + 1], out stack[top]))
                    {
                        value = 0;
                        return false;
                    }

                    break;
            }
        }

        value = stack[0];
        return true;
    }

    /// <summary>An operator with two operands. False: it divides by zero.</summary>
    public static bool TryCompute(ExpressionOperator @operator, long left, long right, out long result)
    {
        result = unchecked(@operator switch
        {
            ExpressionOperator.Add => left + right,
            ExpressionOperator.Subtract => left - right,
            ExpressionOperator.Multiply => left * right,
            ExpressionOperator.Divide => right switch { 0 => 0, -1 => -left, _ => left / right },
            ExpressionOperator.Remainder => right is 0 or -1 ? 0 : left % right,
            ExpressionOperator.Equal => left == right ? 1 : 0,
            ExpressionOperator.NotEqual => left != right ? 1 : 0,
            ExpressionOperator.Less => left < right ? 1 : 0,
            ExpressionOperator.LessOrEqual => left <= right ? 1 : 0,
            ExpressionOperator.Greater => left > right ? 1 : 0,
            _ => left >= right ? 1 : 0,
        });
        return right != 0 || @operator is not (ExpressionOperator.Divide or ExpressionOperator.Remainder);
    }
}

/// <summary>A step of an expression's code.</summary>
/// <param name="Operator">What to do.</param>
/// <param name="Operand">A number, a register, or where to go on.</param>
internal readonly record struct ExpressionStep(ExpressionOperator Operator, long Operand = 0);

/// <summary>What a step of an expression's code does.</summary>
internal enum ExpressionOperator : byte
{
    Number,
    Register,
    Id,
    Loaded,
    Negate,
    Not,
    Truth,
    AndElse,
    OrElse,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
