using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Properties.Scenarios.Language;

/// <summary>Scenarios that are well-formed, and make no sense.</summary>
internal static class SyntaxTrees
{
    private static readonly Gen<string> Name = Gen.Elements("x", "y_2", "F", "_", "ends", "iff", "Root", "a");

    private static readonly Gen<Word> RawWord =
        Gen.Elements("d/f", "spec=desc", "d/@f", "fd:D/x", "poke=4:1", ".", "a#b", "if", "=", "d/a=b", "-", "ö").Select(w => new Word(w, default));

    private static readonly Gen<string> AnyText =
        Gen.ArrayOf(Gen.Elements("a", " ", "\"", "\\", "\n", "\t", "\0", "#", " # ", "->", "ü")).Select(parts => string.Concat(parts));

    private static readonly Gen<Word> Quoted = AnyText.Select(t => new Word(t, default, IsQuoted: true));

    private static readonly Gen<long> Number =
        Gen.OneOf(Gen.Choose(0, 9).Select(n => (long)n), Gen.Elements(long.MinValue, long.MaxValue, -1L, 1L << 40));

    /// <summary>Any scenario.</summary>
    public static Gen<ScenarioSyntax> Scenarios =>
        from title in Gen.OneOf(Gen.Constant<Word?>(null), Quoted.Select(w => (Word?)w))
        from source in Gen.OneOf(Gen.Constant<Word?>(null), Quoted.Select(w => (Word?)w))
        from kernel in Gen.Elements(null, Range("v5.4", "v5.4"), Range("v5.4", null), Range(null, "v6.1"), Range("v2.6.32", "v6.18"))
        from bodies in Gen.ListOf(Body(3))
        from frequencies in Gen.ListOf(Expectations)
        from initial in Number
        select new ScenarioSyntax
        {
            Name = Plain("remove-vs_0"),
            Title = title,
            Source = source,
            Kernel = kernel,
            Users = [new UserSyntax(Plain("carol"), 1003, [Plain("CAP_FOWNER"), Plain("CAP_CHOWN")])],
            Shared =
            [
                new SharedSyntax(SharedKind.Variable, Plain("v"), null, initial), new SharedSyntax(SharedKind.Variable, Plain("w"), 4, 0),
                new SharedSyntax(SharedKind.Lock, Plain("l"), 2, 0), new SharedSyntax(SharedKind.Semaphore, Plain("s"), null, 0),
            ],
            Setup = bodies.Count > 0 ? new ThreadSyntax(Plain("setup"), null, bodies[0]) : null,
            Finally = bodies.Count > 1 ? new ThreadSyntax(Plain("finally"), null, bodies[1]) : null,
            Threads = [.. bodies.Skip(2).Take(30).Select((b, i) => new ThreadSyntax(Plain($"t{i}"), i % 2 == 0 ? null : 1 + (i % 3), b))],
            Backgrounds = [new BackgroundSyntax(Plain("flusher"), 2)],
            Faults = [new FaultSyntax(Plain("enomem"), Plain("add_key"), 1), new FaultSyntax(Plain("eio"), Plain("read"), null)],
            Expectations = [.. frequencies],
            WithoutRules = [Plain("deadlock")],
        };

    private static Gen<ExpectationSyntax> Expectations =>
        from frequency in Gen.Elements(Frequency.Never, Frequency.Sometimes, Frequency.Always)
        from name in Gen.Elements<string?>(null, "lost-write", "if", "0")
        from condition in Expression(4, isEnd: true)
        select new ExpectationSyntax(frequency, name == null ? null : Plain(name), condition, "", default);

    private static Gen<CallSyntax> Call =>
        from actor in Gen.Elements("root", "alice", "bob", "carol")
        from operation in Gen.Elements("mkdir", "end", "open")
        from arguments in Gen.ListOf(Gen.OneOf(RawWord, Quoted))
        from register in Gen.OneOf(Gen.Constant<string?>(null), Name.Select(n => (string?)n))
        select new CallSyntax(default, "", Plain(actor), Plain(operation), [.. arguments], register == null ? null : Plain(register));

    private static ReleaseRangeSyntax Range(string? from, string? to)
        => new(from == null ? null : Plain(from), to == null ? null : Plain(to), default);

    private static Word Plain(string text) => new(text, default);

    private static Gen<ImmutableArray<StatementSyntax>> Body(int depth)
        => Gen.Choose(0, 4).SelectMany(n => Gen.ListOf(Statement(depth), n)).Select(list => list.ToImmutableArray());

    private static Gen<StatementSyntax> Statement(int depth)
    {
        var value = Expression(3, isEnd: false);
        var target = Reference(1, Name);
        var kind = Gen.Elements(AtomicKind.FetchAdd, AtomicKind.Exchange);
        Gen<StatementSyntax>[] simple =
        [
            Call.Select(StatementSyntax (s) => s),
            from t in target from v in value select (StatementSyntax)new AssignSyntax(default, "", t, v),
            from t in target from o in target from k in kind from v in value select (StatementSyntax)new AtomicSyntax(default, "", t, k, o, [v]),
            from t in target from o in target from a in value from b in value
            select (StatementSyntax)new AtomicSyntax(default, "", t, AtomicKind.CompareExchange, o, [a, b]),
            from t in target from o in target select (StatementSyntax)new AtomicSyntax(default, "", t, AtomicKind.TryAcquire, o, []),
            from a in Gen.Elements(Enum.GetValues<LockAction>()) from o in target select (StatementSyntax)new LockSyntax(default, "", a, o),
            from o in target from c in Gen.Choose((int)BinaryOperator.Equal, (int)BinaryOperator.GreaterOrEqual) from v in value
            select (StatementSyntax)new AwaitSyntax(default, "", o, (BinaryOperator)c, v),
        ];
        if (depth == 0)
            return Gen.OneOf(simple);
        var body = Body(depth - 1);
        return Gen.OneOf(
        [
            .. simple,
            from c in value from a in body from b in body select (StatementSyntax)new IfSyntax(default, "", c, a, b),
            from c in value from a in body select (StatementSyntax)new WhileSyntax(default, "", c, a),
            from n in Gen.Choose(0, 9) from a in body select (StatementSyntax)new RepeatSyntax(default, "", n, a),
        ]);
    }

    private static Gen<ReferenceSyntax> Reference(int depth, Gen<string> names) =>
        from name in names
        from index in depth == 0 ? Gen.Constant<ExpressionSyntax?>(null)
            : Gen.OneOf(Gen.Constant<ExpressionSyntax?>(null), Expression(depth - 1, isEnd: false).Select(e => (ExpressionSyntax?)e))
        select new ReferenceSyntax(default, name, index);

    private static Gen<ExpressionSyntax> Expression(int depth, bool isEnd)
    {
        var leaves = Gen.OneOf(
            Number.Select(ExpressionSyntax (n) => new NumberSyntax(default, n)),
            Reference(isEnd ? 0 : Math.Min(depth, 1), isEnd ? Gen.OneOf(Name, Gen.Constant("deadlock")) : Gen.OneOf(Name, Gen.Constant("id"))).Select(ExpressionSyntax (r) => r));
        if (isEnd)
        {
            leaves = Gen.OneOf(
                leaves,
                AnyText.Select(ExpressionSyntax (t) => new TextSyntax(default, t)),
                from t in Name from c in Gen.Elements<long?>(null, 0, 3) from r in Name select (ExpressionSyntax)new MemberSyntax(default, t, c, r),
                from p in Gen.Elements("status", "cached", "unlocked", "key_in_memory") from w in RawWord
                select (ExpressionSyntax)new PredicateSyntax(default, p, w));
        }

        if (depth == 0)
            return leaves;
        var smaller = Expression(depth - 1, isEnd);
        return Gen.OneOf(
            leaves,
            from o in Gen.Elements(Enum.GetValues<UnaryOperator>()) from e in smaller select (ExpressionSyntax)new UnarySyntax(default, o, e),
            from o in Gen.Elements(Enum.GetValues<BinaryOperator>()) from a in smaller from b in smaller
            select (ExpressionSyntax)new BinarySyntax(default, o, a, b));
    }
}
