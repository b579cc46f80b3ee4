using System.Collections.Immutable;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Where something stands in a scenario file. Both count from 1.</summary>
/// <param name="Line">The line.</param>
/// <param name="Column">The column, in characters.</param>
/// <param name="Length">How many characters; at least 1.</param>
public readonly record struct Place(int Line, int Column, int Length = 1);

/// <summary>A word of a line, or a quoted text.</summary>
/// <param name="Text">The word, or what is between the quotes with its escapes resolved.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="IsQuoted">Whether it was quoted.</param>
public sealed record Word(string Text, Place Place, bool IsQuoted = false)
{
    public override string ToString() => Text;
}

/// <summary>A scenario file, line by line as it was written: docs/SCENARIOS.md is the reference of the language.</summary>
public sealed record ScenarioSyntax
{
    /// <summary>What follows <c>scenario</c>.</summary>
    public required Word Name { get; init; }

    /// <summary>The quoted text after the name, or null.</summary>
    public Word? Title { get; init; }

    /// <summary><c>source "…"</c>: what the scenario comes from, or null.</summary>
    public Word? Source { get; init; }

    /// <summary><c>kernel v5.4..v6.1</c>, or null for all releases.</summary>
    public ReleaseRangeSyntax? Kernel { get; init; }

    public ImmutableArray<UserSyntax> Users { get; init; } = [];

    /// <summary>Shared variables, locks and semaphores, in their order.</summary>
    public ImmutableArray<SharedSyntax> Shared { get; init; } = [];

    public ThreadSyntax? Setup { get; init; }

    public ImmutableArray<ThreadSyntax> Threads { get; init; } = [];

    public ThreadSyntax? Finally { get; init; }

    public ImmutableArray<BackgroundSyntax> Backgrounds { get; init; } = [];

    public ImmutableArray<FaultSyntax> Faults { get; init; } = [];

    public ImmutableArray<ExpectationSyntax> Expectations { get; init; } = [];

    /// <summary><c>without rule NAME</c>.</summary>
    public ImmutableArray<Word> WithoutRules { get; init; } = [];
}

/// <summary><c>kernel FROM..TO</c>; a single release is both. Either end may be missing, not both.</summary>
public sealed record ReleaseRangeSyntax(Word? From, Word? To, Place Place);

/// <summary><c>user NAME uid [caps]</c>.</summary>
public sealed record UserSyntax(Word Name, long Id, ImmutableArray<Word> Capabilities);

/// <summary>What a <see cref="SharedSyntax"/> declares.</summary>
public enum SharedKind
{
    /// <summary><c>shared x = 0, a[4] = 0</c>.</summary>
    Variable,

    /// <summary><c>lock l, m[26]</c>.</summary>
    Lock,

    /// <summary><c>rwsem s</c>.</summary>
    Semaphore,
}

/// <summary>One name of a <c>shared</c>, <c>lock</c> or <c>rwsem</c> line.</summary>
/// <param name="Kind">Which line.</param>
/// <param name="Name">The name.</param>
/// <param name="Size">Elements of an array; null for a scalar.</param>
/// <param name="Initial">The value of a variable, or of each of its elements, at the beginning.</param>
public sealed record SharedSyntax(SharedKind Kind, Word Name, long? Size, long Initial);

/// <summary><c>setup</c>, <c>thread NAME</c>, <c>thread NAME * N</c> or <c>finally</c>, and its statements.</summary>
/// <param name="Name">The name; that of the section for the other two.</param>
/// <param name="Copies">N; null if it was not written.</param>
/// <param name="Statements">The statements.</param>
public sealed record ThreadSyntax(Word Name, long? Copies, ImmutableArray<StatementSyntax> Statements);

/// <summary><c>background flusher at most 2</c>.</summary>
public sealed record BackgroundSyntax(Word Name, long AtMost);

/// <summary><c>fault enomem in add_key at most 1</c>.</summary>
/// <param name="Error">Which error.</param>
/// <param name="Operation">In which operation.</param>
/// <param name="AtMost">How often at most; null for any number.</param>
public sealed record FaultSyntax(Word Error, Word Operation, long? AtMost);

/// <summary><c>never CONDITION</c> and the like, or with a name <c>never lost-write: CONDITION</c>.</summary>
/// <param name="Frequency">The first word.</param>
/// <param name="Name">The name before the colon, or null.</param>
/// <param name="Condition">The condition.</param>
/// <param name="Text">The condition as it was written, without the spaces around it.</param>
/// <param name="Place">Where the line's first word stands.</param>
public sealed record ExpectationSyntax(Frequency Frequency, Word? Name, ExpressionSyntax Condition, string Text, Place Place);

/// <summary>A statement: one line, or a block up to its <c>end</c>.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Text">Its first line, without the spaces around it and without a comment.</param>
public abstract record StatementSyntax(Place Place, string Text);

/// <summary>A system call: <c>ACTOR OPERATION ARGUMENTS [-> REGISTER]</c>.</summary>
public sealed record CallSyntax(
    Place Place, string Text, Word Actor, Word Operation, ImmutableArray<Word> Arguments, Word? Register) : StatementSyntax(Place, Text);

/// <summary><c>r = x</c>, <c>x = r + 1</c>, <c>r = s * 2</c>: which of it is shared is for the checker to see.</summary>
public sealed record AssignSyntax(Place Place, string Text, ReferenceSyntax Target, ExpressionSyntax Value) : StatementSyntax(Place, Text);

/// <summary>What an <see cref="AtomicSyntax"/> does.</summary>
public enum AtomicKind
{
    /// <summary><c>r = cas(x, old, new)</c>.</summary>
    CompareExchange,

    /// <summary><c>r = fetch_add(x, n)</c>.</summary>
    FetchAdd,

    /// <summary><c>r = exchange(x, n)</c>.</summary>
    Exchange,

    /// <summary><c>r = try_acquire l</c>.</summary>
    TryAcquire,
}

/// <summary>A read-modify-write, whose result goes to a register.</summary>
public sealed record AtomicSyntax(
    Place Place, string Text, ReferenceSyntax Target, AtomicKind Kind, ReferenceSyntax Object, ImmutableArray<ExpressionSyntax> Arguments)
    : StatementSyntax(Place, Text);

/// <summary>What a <see cref="LockSyntax"/> does.</summary>
public enum LockAction
{
    Acquire,
    Release,
    DownRead,
    UpRead,
    DownWrite,
    UpWrite,
}

/// <summary><c>acquire l</c>, <c>up_read s</c>.</summary>
public sealed record LockSyntax(Place Place, string Text, LockAction Action, ReferenceSyntax Object) : StatementSyntax(Place, Text);

/// <summary><c>await x == r + 1</c>.</summary>
/// <param name="Place">Where it begins.</param>
/// <param name="Text">The line.</param>
/// <param name="Object">What is waited for.</param>
/// <param name="Comparison">One of the six comparisons.</param>
/// <param name="Value">What it is compared with.</param>
public sealed record AwaitSyntax(
    Place Place, string Text, ReferenceSyntax Object, BinaryOperator Comparison, ExpressionSyntax Value) : StatementSyntax(Place, Text);

/// <summary><c>if CONDITION</c> … <c>else</c> … <c>end</c>.</summary>
public sealed record IfSyntax(
    Place Place, string Text, ExpressionSyntax Condition, ImmutableArray<StatementSyntax> Then, ImmutableArray<StatementSyntax> Else)
    : StatementSyntax(Place, Text);

/// <summary><c>while CONDITION</c> … <c>end</c>.</summary>
public sealed record WhileSyntax(
    Place Place, string Text, ExpressionSyntax Condition, ImmutableArray<StatementSyntax> Body) : StatementSyntax(Place, Text);

/// <summary><c>repeat N</c> … <c>end</c>, N a number.</summary>
public sealed record RepeatSyntax(Place Place, string Text, long Times, ImmutableArray<StatementSyntax> Body) : StatementSyntax(Place, Text);

/// <summary>An expression.</summary>
public abstract record ExpressionSyntax(Place Place);

/// <summary>A number: 64 bits with a sign.</summary>
public sealed record NumberSyntax(Place Place, long Value) : ExpressionSyntax(Place);

/// <summary>A quoted text; in expectations only.</summary>
public sealed record TextSyntax(Place Place, string Value) : ExpressionSyntax(Place);

/// <summary>A register, a shared variable, or an element of an array: <c>x</c>, <c>a[id + 1]</c>; <c>deadlock</c> in expectations.</summary>
public sealed record ReferenceSyntax(Place Place, string Name, ExpressionSyntax? Index) : ExpressionSyntax(Place)
{
    public override string ToString() => Index == null ? Name : $"{Name}[…]";
}

/// <summary>A thread's register: <c>a.r</c>, or of a copy <c>a[0].r</c>; in expectations only.</summary>
public sealed record MemberSyntax(Place Place, string Thread, long? Copy, string Register) : ExpressionSyntax(Place);

/// <summary>A predicate of the final state: <c>status(K1)</c>, <c>cached(d/f)</c>; in expectations only.</summary>
public sealed record PredicateSyntax(Place Place, string Name, Word Argument) : ExpressionSyntax(Place);

/// <summary>The operators with one operand.</summary>
public enum UnaryOperator
{
    /// <summary><c>-</c>.</summary>
    Negate,

    /// <summary><c>!</c>.</summary>
    Not,
}

/// <summary>An operator with one operand.</summary>
public sealed record UnarySyntax(Place Place, UnaryOperator Operator, ExpressionSyntax Operand) : ExpressionSyntax(Place);

/// <summary>The operators with two operands, as in C, and as strong.</summary>
public enum BinaryOperator
{
    Or,
    And,
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

/// <summary>An operator with two operands.</summary>
/// <param name="Place">Where the operator stands.</param>
/// <param name="Operator">Which.</param>
/// <param name="Left">The first operand.</param>
/// <param name="Right">The second operand.</param>
public sealed record BinarySyntax(Place Place, BinaryOperator Operator, ExpressionSyntax Left, ExpressionSyntax Right) : ExpressionSyntax(Place);
