namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The statements that are one line, and the first lines of blocks.</summary>
internal static class Statements
{
    private static readonly Dictionary<string, LockAction> Locks = new(StringComparer.Ordinal)
    {
        ["acquire"] = LockAction.Acquire,
        ["release"] = LockAction.Release,
        ["down_read"] = LockAction.DownRead,
        ["up_read"] = LockAction.UpRead,
        ["down_write"] = LockAction.DownWrite,
        ["up_write"] = LockAction.UpWrite,
    };

    /// <summary>A statement of one line; null if it is wrong, which is noted.</summary>
    public static StatementSyntax? Of(SourceLine line, LineForm form, LineReader reader) => form switch
    {
        LineForm.Operation => Call(line, reader),
        LineForm.Assignment => Assignment(line, reader),
        _ when line.FirstName == "await" => Await(line, reader),
        _ when reader.TrySymbols(line, LineGrammar.OnReference, LineContext.Program, out var target)
            => new LockSyntax(PlaceOf(line), line.Content, Locks[line.FirstName], target),
        _ => null,
    };

    /// <summary>The first line of a block, which has no statements yet; null if it is wrong, which is noted.</summary>
    public static StatementSyntax? BlockOf(SourceLine line, LineReader reader)
    {
        if (line.FirstName == "repeat")
        {
            return reader.TrySymbols(line, LineGrammar.Repeat, LineContext.Program, out var times)
                ? new RepeatSyntax(PlaceOf(line), line.Content, ExpressionGrammar.ValueOf(times), []) : null;
        }

        if (!reader.TrySymbols(line, LineGrammar.Condition, LineContext.Program, out var condition, "an operator"))
            return null;
        return line.FirstName == "if" ? new IfSyntax(PlaceOf(line), line.Content, condition, [], [])
            : new WhileSyntax(PlaceOf(line), line.Content, condition, []);
    }

    private static Place PlaceOf(SourceLine line) => new(line.Number, line.Start + 1, line.End - line.Start);

    private static CallSyntax? Call(SourceLine line, LineReader reader)
    {
        if (!reader.TryWords(line, LineGrammar.Call, out var call, "an argument, '->'"))
            return null;
        return call.Register == null || reader.IsName(call.Register, "a register")
            ? new CallSyntax(PlaceOf(line), line.Content, call.Actor, call.Operation, [.. call.Arguments], call.Register) : null;
    }

    private static StatementSyntax? Assignment(SourceLine line, LineReader reader)
    {
        if (!reader.TrySymbols(line, LineGrammar.Assignment, LineContext.Program, out var assignment, "an operator"))
            return null;
        var (target, value) = assignment;
        return value.Value != null ? new AssignSyntax(PlaceOf(line), line.Content, target, value.Value)
            : new AtomicSyntax(PlaceOf(line), line.Content, target, value.Kind, value.Object!, value.Arguments);
    }

    private static AwaitSyntax? Await(SourceLine line, LineReader reader)
    {
        if (!reader.TrySymbols(line, LineGrammar.Condition, LineContext.Program, out var condition, "an operator"))
            return null;
        if (condition is BinarySyntax { Left: ReferenceSyntax target, Operator: >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual } binary)
            return new AwaitSyntax(PlaceOf(line), line.Content, target, binary.Operator, binary.Right);
        var message = condition switch
        {
            BinarySyntax { Operator: >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual }
                => "'await' has a variable on the left of its comparison: await x == 1",
            ReferenceSyntax name => $"'await' needs a comparison: await {name.Name} != 0",
            _ => "'await' needs one comparison: await x == r + 1",
        };
        reader.Refuse(condition.Place, message);
        return null;
    }
}
