using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>Makes instructions of the statements of one thread, and says what is wrong with them.</summary>
internal sealed class ThreadCompiler(ThreadNames names)
{
    private readonly List<Instruction> code = [];
    private int counters;

    /// <summary>Counters of repetitions that are needed at once.</summary>
    public int Counters { get; private set; }

    /// <summary>The instructions; of no use if there were mistakes.</summary>
    public ImmutableArray<Instruction> Compile(ImmutableArray<StatementSyntax> statements)
    {
        Add(statements);
        return [.. code];
    }

    private void Add(ImmutableArray<StatementSyntax> statements)
    {
        foreach (var statement in statements)
            Add(statement);
    }

    private void Add(StatementSyntax statement)
    {
        switch (statement)
        {
            case AssignSyntax assign when names.Shared(assign.Target.Name) is { Kind: SharedKind.Variable }:
                AddWrite(assign);
                break;
            case AssignSyntax assign:
                AddToRegister(assign);
                break;
            case AtomicSyntax atomic:
                AddAtomic(atomic);
                break;
            case LockSyntax @lock:
                AddLock(@lock);
                break;
            case AwaitSyntax wait:
                AddAwait(wait);
                break;
            case IfSyntax branch:
                AddIf(branch);
                break;
            case WhileSyntax loop:
                AddWhile(loop);
                break;
            case RepeatSyntax loop:
                AddRepeat(loop);
                break;
            default:
                names.Wrong(statement.Place, "a system call in a program of shared variables: a file is of one kind or of the other");
                break;
        }
    }

    private void AddWrite(AssignSyntax assign)
    {
        if (!(names.Check(assign.Target, SharedKind.Variable) & names.Check(assign.Value)))
            return;
        var accesses = names.AccessesOf(assign.Target.Index, assign.Value);
        if (accesses.Count > 0)
        {
            Refuse(assign, accesses, 1, accesses.Count, r =>
            {
                var target = SyntaxPrinter.Of(r.WithoutIndex(assign.Target));
                return $"{target} = {SyntaxPrinter.Of(r.Without(assign.Value))}";
            });
            return;
        }

        AddAccess(InstructionKind.Write, assign, assign.Target, $"{SyntaxPrinter.Mark} = {SyntaxPrinter.Of(assign.Value)}", first: assign.Value);
    }

    private void AddToRegister(AssignSyntax assign)
    {
        if (!(names.CheckRegister(assign.Target) & names.Check(assign.Value)))
            return;
        var accesses = names.AccessesOf(assign.Value);
        if (accesses.Count > 1)
        {
            Refuse(assign, accesses[1..], 1, accesses.Count - 1, r => $"{assign.Target.Name} = {SyntaxPrinter.Of(r.Without(assign.Value))}");
            return;
        }

        var target = names.Registers.IndexOf(assign.Target.Name);
        var text = $"{assign.Target.Name} = {SyntaxPrinter.Of(assign.Value, accesses.FirstOrDefault())}";
        if (accesses.Count > 0)
            AddAccess(InstructionKind.Read, assign, accesses[0], text, target, assign.Value);
        else
            code.Add(Local(InstructionKind.Set, assign, target: target, first: Compile(assign.Value)));
    }

    private void AddAtomic(AtomicSyntax atomic)
    {
        var kind = atomic.Kind == AtomicKind.TryAcquire ? SharedKind.Lock : SharedKind.Variable;
        var toShared = names.Shared(atomic.Target.Name) is { Kind: SharedKind.Variable };
        var correct = (toShared ? names.Check(atomic.Target, SharedKind.Variable) : names.CheckRegister(atomic.Target))
            & names.Check(atomic.Object, kind) & CheckCount(atomic);
        foreach (var argument in atomic.Arguments)
            correct &= names.Check(argument);
        if (!correct)
            return;
        var accesses = names.AccessesOf([.. atomic.Arguments, atomic.Object.Index]);
        if (toShared || accesses.Count > 0)
        {
            var index = names.AccessesOf(atomic.Target.Index);
            Refuse(atomic, [.. toShared ? [atomic.Target] : accesses], 1, accesses.Count + index.Count + (toShared ? 1 : 0), r =>
            {
                var arguments = r.Without(atomic.Arguments);
                var right = SyntaxPrinter.Of(atomic.Kind, r.WithoutIndex(atomic.Object), arguments);
                if (!toShared)
                    return $"{atomic.Target.Name} = {right}";
                var target = SyntaxPrinter.Of(r.WithoutIndex(atomic.Target));
                var result = r.NextName();
                return $"{result} = {right}, then {target} = {result}";
            });
            return;
        }

        AddAccess(
            atomic.Kind switch
            {
                AtomicKind.CompareExchange => InstructionKind.CompareExchange,
                AtomicKind.FetchAdd => InstructionKind.FetchAdd,
                AtomicKind.Exchange => InstructionKind.Exchange,
                _ => InstructionKind.TryAcquire,
            },
            atomic,
            atomic.Object,
            $"{atomic.Target.Name} = {SyntaxPrinter.Of(atomic.Kind, atomic.Object, atomic.Arguments, atomic.Object)}",
            names.Registers.IndexOf(atomic.Target.Name),
            atomic.Arguments.ElementAtOrDefault(0),
            atomic.Arguments.ElementAtOrDefault(1));
    }

    private bool CheckCount(AtomicSyntax atomic)
    {
        var (count, form) = atomic.Kind switch
        {
            AtomicKind.CompareExchange => (2, "cas(x, old, new)"),
            AtomicKind.FetchAdd => (1, "fetch_add(x, n)"),
            AtomicKind.Exchange => (1, "exchange(x, n)"),
            _ => (0, "try_acquire l"),
        };
        return atomic.Arguments.Length == count
            || names.Wrong(atomic.Place, $"a wrong number of arguments: it is r = {form}");
    }

    private void AddLock(LockSyntax syntax)
    {
        var isSpinLock = syntax.Action is LockAction.Acquire or LockAction.Release;
        if (!names.Check(syntax.Object, isSpinLock ? SharedKind.Lock : SharedKind.Semaphore))
            return;
        var word = SyntaxPrinter.Of(syntax.Action);
        var accesses = names.AccessesOf(syntax.Object.Index);
        if (accesses.Count > 0)
        {
            Refuse(syntax, accesses, 1, accesses.Count, r => $"{word} {SyntaxPrinter.Of(r.WithoutIndex(syntax.Object))}");
            return;
        }

        AddAccess(InstructionKind.Acquire + (byte)syntax.Action, syntax, syntax.Object, $"{word} {SyntaxPrinter.Mark}");
    }

    private void AddAwait(AwaitSyntax wait)
    {
        if (!(names.Check(wait.Object, SharedKind.Variable) & names.Check(wait.Value)))
            return;
        var accesses = names.AccessesOf(wait.Object.Index, wait.Value);
        var comparison = SyntaxPrinter.Of(wait.Comparison);
        if (accesses.Count > 0)
        {
            Refuse(wait, accesses, 1, accesses.Count, r =>
            {
                var target = SyntaxPrinter.Of(r.WithoutIndex(wait.Object));
                return $"await {target} {comparison} {SyntaxPrinter.Of(r.Without(wait.Value))}";
            });
            return;
        }

        AddAccess(
            InstructionKind.Await, wait, wait.Object, $"await {SyntaxPrinter.Mark} {comparison} {SyntaxPrinter.Of(wait.Value)}",
            first: wait.Value, comparison: (Comparison)(wait.Comparison - BinaryOperator.Equal));
    }

    private void AddIf(IfSyntax branch)
    {
        var unless = AddCondition(branch, branch.Condition, "if", "");
        Add(branch.Then);
        if (branch.Else.IsDefaultOrEmpty)
        {
            unless.Next = code.Count;
            return;
        }

        var jump = Local(InstructionKind.Jump, branch);
        code.Add(jump);
        unless.Next = code.Count;
        Add(branch.Else);
        jump.Next = code.Count;
    }

    private void AddWhile(WhileSyntax loop)
    {
        var head = code.Count;
        var unless = AddCondition(loop, loop.Condition, "while", ", and read again before its end");
        Add(loop.Body);
        code.Add(Local(InstructionKind.Again, loop, next: head));
        unless.Next = code.Count;
    }

    private void AddRepeat(RepeatSyntax loop)
    {
        if (loop.Times < 0)
            names.Wrong(loop.Place, "a repetition has 0 rounds or more");
        var counter = names.Registers.Count + counters;
        Counters = Math.Max(Counters, ++counters);
        code.Add(Local(InstructionKind.Times, loop, counter, count: loop.Times));
        var round = Local(InstructionKind.Round, loop, counter);
        var head = code.Count;
        code.Add(round);
        Add(loop.Body);
        code.Add(Local(InstructionKind.Again, loop, next: head));
        round.Next = code.Count;
        counters--;
    }

    private Instruction AddCondition(StatementSyntax statement, ExpressionSyntax condition, string word, string rest)
    {
        var correct = names.Check(condition);
        var accesses = names.AccessesOf(condition);
        if (correct && accesses.Count > 0)
        {
            var rewriting = new Rewriting(names.IsShared, names.FreeNames(), accesses.Count);
            var left = rewriting.Without(condition);
            var instead = rewriting.EndingWith($"{word} {SyntaxPrinter.Of(left)}");
            correct = names.Wrong(accesses[0].Place, $"{statement.Text} has a shared access in its condition; write: {instead}{rest}");
        }

        var unless = Local(InstructionKind.Unless, statement, first: correct ? Compile(condition) : null);
        code.Add(unless);
        return unless;
    }

    private void Refuse(
        StatementSyntax statement, IReadOnlyList<ReferenceSyntax> extra, int allowed, int moved, Func<Rewriting, string> rewrite)
    {
        var rewriting = new Rewriting(names.IsShared, names.FreeNames(), moved);
        var instead = rewriting.EndingWith(rewrite(rewriting));
        var count = moved + allowed;
        var many = count switch { 2 => "two", 3 => "three", _ => count.ToString(CultureInfo.InvariantCulture) };
        names.Wrong(extra[0].Place, $"{statement.Text} has {many} shared accesses; write: {instead}");
    }

    private void AddAccess(
        InstructionKind kind,
        StatementSyntax statement,
        ReferenceSyntax target,
        string text,
        int register = -1,
        ExpressionSyntax? first = null,
        ExpressionSyntax? second = null,
        Comparison comparison = default)
    {
        var shared = names.Shared(target.Name)!;
        var index = target.Index == null ? null : Compile(target.Index);
        if (index is { IsConstant: true } && (ulong)index.Constant >= (ulong)shared.Size)
        {
            names.Wrong(target.Index!.Place, FormattableString.Invariant($"{shared.Name} has elements 0 to {shared.Size - 1}"));
            return;
        }

        var mark = text.IndexOf(SyntaxPrinter.Mark, StringComparison.Ordinal);
        code.Add(new Instruction
        {
            Kind = kind,
            Line = statement.Place.Line,
            Text = statement.Text,
            Target = register,
            Object = shared,
            Index = index,
            First = first == null ? null : Compile(first),
            Second = second == null ? null : Compile(second),
            Comparison = comparison,
            Around = (text[..mark], text[(mark + 1)..]),
        });
    }

    private Expression Compile(ExpressionSyntax syntax) => ExpressionCompiler.Compile(syntax, names);

    private static Instruction Local(
        InstructionKind kind, StatementSyntax statement, int target = -1, Expression? first = null, long count = 0, int next = 0)
        => new()
        {
            Kind = kind, Line = statement.Place.Line, Text = statement.Text, Target = target, First = first, Count = count, Next = next,
        };
}
