using System.Globalization;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>What a thread of a small program does.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Lock">The lock, or the variable that it guards: 0 is A, which is tried; 1 is B, which is not.</param>
/// <param name="Value">What is written.</param>
/// <param name="Body">What is done with the lock held.</param>
internal sealed record Statement(StatementKind Kind, int Lock = 0, int Value = 0, params Statement[] Body)
{
    public override string ToString()
    {
        var name = Lock == 0 ? "A" : "B";
        var body = string.Join("; ", (object[])Body);
        return Kind switch
        {
            StatementKind.Locked => $"{name} {{ {body} }}",
            StatementKind.Tried => $"try {name} {{ {body} }}",
            StatementKind.Read => $"read x{name}",
            StatementKind.Write => $"x{name} = {Value}",
            _ => "point",
        };
    }
}

/// <summary>The kinds of statements.</summary>
internal enum StatementKind
{
    Locked,
    Tried,
    Read,
    Write,
    Point,
}

/// <summary>Random programs without data races, small enough to look at all of their schedules.</summary>
/// <param name="random">Where they come from.</param>
internal sealed class ProgramGenerator(Random random)
{
    private int written;

    /// <summary>Two or three threads. B nests in A, never A in B unless it is tried there: no deadlock, no wrong order.</summary>
    public Statement[][] Next()
    {
        written = 0;
        var threads = new Statement[random.Next(3) == 0 ? 3 : 2][];
        for (var i = 0; i < threads.Length; i++)
            threads[i] = Block(holdsA: false, holdsB: false, length: random.Next(1, 4));
        return threads;
    }

    private Statement[] Block(bool holdsA, bool holdsB, int length)
    {
        var block = new Statement[length];
        for (var i = 0; i < length; i++)
            block[i] = One(holdsA, holdsB);
        return block;
    }

    private Statement One(bool holdsA, bool holdsB)
    {
        var kind = random.NextDouble();
        var nested = random.Next(1, 3);
        if (kind < 0.45 && (holdsA || holdsB))
        {
            var variable = holdsA && (!holdsB || random.Next(2) == 0) ? 0 : 1;
            return random.Next(2) == 0
                ? new Statement(StatementKind.Read, variable)
                : new Statement(StatementKind.Write, variable, ++written);
        }

        if (kind < 0.75 && !holdsB)
        {
            return !holdsA && random.Next(2) == 0
                ? new Statement(StatementKind.Locked, 0, 0, Block(true, false, nested))
                : new Statement(StatementKind.Locked, 1, 0, Block(holdsA, true, nested));
        }

        return !holdsA && kind < 0.95
            ? new Statement(StatementKind.Tried, 0, 0, Block(true, holdsB, nested))
            : new Statement(StatementKind.Point);
    }
}

/// <summary>Where the scheduling points of a search are.</summary>
internal enum PointsMode
{
    /// <summary>Where the program announces them.</summary>
    Coarse,

    /// <summary>At all releases, and at plain accesses: on OS threads.</summary>
    All,

    /// <summary>At all releases, and an explicit point before each plain access: on coroutines.</summary>
    Spelled,
}

/// <summary>What a search of all schedules of a small program saw.</summary>
/// <param name="Outcomes">The different outcomes: final values, and what each thread read and tried; or a finding.</param>
/// <param name="Executions">How many schedules there are; a negative number if there are too many to look at.</param>
internal sealed record Seen(SortedSet<string> Outcomes, int Executions)
{
    /// <summary>Looks at all schedules of a program.</summary>
    public static Seen By(Statement[][] program, PointsMode mode, int executionsMax = int.MaxValue, bool declared = true)
    {
        if (mode != PointsMode.All)
            return By(program, new NativeHost<DepthFirst>(new DepthFirst(-1), mode == PointsMode.Spelled), mode, executionsMax, declared);
        using var host = new ThreadedHost<DepthFirst>(new DepthFirst(-1), pointsAll: true);
        return By(program, host, mode, executionsMax, declared);
    }

    private static Seen By(Statement[][] program, StrategyHost<DepthFirst> host, PointsMode mode, int executionsMax, bool declared)
    {
        var variables = new Variables(host, declared, mode == PointsMode.Spelled);
        var read = program.Select(_ => new List<string>()).ToArray();
        var bodies = program.Select((thread, i) => new ThreadBody($"t{i}", () => variables.Run(thread, read[i]))).ToArray();
        var seen = new Seen(new SortedSet<string>(StringComparer.Ordinal), 0);
        host.Checkpoint();
        do
        {
            if (seen.Executions == executionsMax)
                return seen with { Executions = -1 };
            host.Restore();
            foreach (var list in read)
                list.Clear();
            var ended = host.RunTogether(bodies);
            seen = seen with { Executions = seen.Executions + 1 };
            seen.Outcomes.Add(ended ? $"{variables}: {string.Join(" | ", read.Select(r => string.Join(' ', r)))}" : host.Finding!.Rule);
        }
        while (host.Strategy.Next());
        return seen;
    }

    private sealed class Variables(KernelHost host, bool declared, bool spelled) : KernelObject(host)
    {
        private SpinLock a = new(new LockClass(60, "A", tried: declared) { TriedUndeclared = !declared });
        private SpinLock b = new(new LockClass(61, "B"));
        private Plain<int> xA;
        private Plain<int> xB;

        public override string Name => "variables";

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"xA={xA.Peek} xB={xB.Peek}");

        public async KTask Run(Statement[] block, List<string> read)
        {
            foreach (var statement in block)
                await Run(statement, read);
        }

        private async KTask Run(Statement statement, List<string> read)
        {
            var isA = statement.Lock == 0;
            switch (statement.Kind)
            {
                case StatementKind.Locked:
                    await (isA ? a.Acquire() : b.Acquire());
                    await Run(statement.Body, read);
                    await (isA ? a.Release() : b.Release());
                    break;
                case StatementKind.Tried:
                    var taken = await a.TryAcquire();
                    read.Add(taken ? "taken" : "busy");
                    if (taken)
                    {
                        await Run(statement.Body, read);
                        await a.Release();
                    }

                    break;
                case StatementKind.Read:
                    if (spelled)
                        await Host.Point();
                    read.Add((isA ? xA.Value : xB.Value).ToString(CultureInfo.InvariantCulture));
                    break;
                case StatementKind.Write:
                    if (spelled)
                        await Host.Point();
                    if (isA)
                        xA.Value = statement.Value;
                    else
                        xB.Value = statement.Value;
                    break;
                default:
                    await Host.Point();
                    break;
            }
        }
    }
}
