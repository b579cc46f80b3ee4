using FsCheck;
using FsCheck.Fluent;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>
/// A small program that FsCheck makes, of two to four threads, and makes smaller where it shows a mistake: it prints the least
/// that still does.
/// </summary>
/// <param name="Threads">What each thread does.</param>
internal sealed record GeneratedProgram(Piece[][] Threads)
{
    // Shared accesses of each thread, by the number of threads: so few that all schedules can be run.
    private static readonly int[] AccessesMax = [0, 0, 5, 3, 2];

    private static readonly Gen<string> Register = Gen.Elements("r", "s");
    private static readonly Gen<string> Variable = Gen.Frequency((12, Gen.Elements("x", "y", "a[0]", "a[1]")), (1, Gen.Elements("a[s % 2]", "a[r]")));
    private static readonly Gen<string> Lock = Gen.Elements("l", "m");
    private static readonly Gen<string> Value = Gen.Elements("0", "1", "2", "r", "s", "r + 1", "!s", "id");
    private static readonly Gen<string> Comparison = Gen.Elements("==", "!=", "<", ">=");

    /// <summary>All of them, with what they shrink to.</summary>
    public static Arbitrary<GeneratedProgram> All
        => Arb.From(
            Gen.Choose(2, 4).SelectMany(n => Gen.ArrayOf(Body(AccessesMax[n]), n)).Select(t => new GeneratedProgram(t)), Shrink);

    /// <summary>What the tests run of them, always the same.</summary>
    /// <param name="count">How many.</param>
    public static Config First(int count) => Config.QuickThrowOnFailure.WithMaxTest(count).WithReplay(23, 5_077);

    /// <summary>The program without its first line.</summary>
    public override string ToString()
        => "shared x, y = 1, a[2]\nlock l, m\nrwsem z"
            + string.Concat(Threads.Select((t, i) => $"\nthread t{i}\n  r = {i + 1}\n  s = 0\n  i = 0{string.Concat<Piece>(t)}"));

    private static Gen<Piece[]> Body(int accesses) => accesses <= 0
        ? Gen.Constant(Array.Empty<Piece>())
        : Statement(accesses).SelectMany(first => Body(accesses - first.Accesses).Select(rest => (Piece[])[first, .. rest]));

    private static Gen<Piece> Statement(int accesses) => accesses == 1 ? Simple
        : accesses == 2 ? Gen.Frequency((3, Simple), (2, Around(2)))
        : Gen.Frequency((2, Simple), (1, Around(2)), (2, Section));

    private static Gen<Piece> Simple => Gen.Frequency(
        (8, from v in Variable from e in Value select new Piece($"{v} = {e}")),
        (8, from r in Register from v in Variable from e in Value select new Piece($"{r} = {v} + {e}")),
        (6, from r in Register from v in Variable from e in Value from f in Value select new Piece($"{r} = cas({v}, {e}, {f})")),
        (4, from r in Register from v in Variable from e in Value select new Piece($"{r} = fetch_add({v}, {e})")),
        (4, from r in Register from v in Variable from e in Value select new Piece($"{r} = exchange({v}, {e})")),
        (1, from v in Variable from c in Comparison from e in Value select new Piece($"await {v} {c} {e}")),
        (2, from r in Register from l in Lock select new Piece($"{r} = try_acquire {l}")),
        (1, from l in Lock select new Piece($"acquire {l}")),
        (1, from l in Lock select new Piece($"release {l}")),
        (1, from r in Register from v in Variable from e in Value select new Piece($"{r} = {v} / {e}")));

    // Twice, or perhaps; or with a lock that is there to be had.
    private static Gen<Piece> Around(int accesses) => Gen.OneOf(
        from body in Simple select new Piece("repeat 2", "end", [body], accesses),
        from body in Simple select new Piece("i = 0\n  while i < 2", "i = i + 1\n  end", [body], accesses),
        from l in Lock from body in Simple select new Piece($"r = try_acquire {l}\n  if r", $"release {l}\n  end", [body], accesses),
        from v in Value from c in Comparison from w in Value from body in Simple select new Piece($"if {v} {c} {w}", "end", [body], accesses));

    private static Gen<Piece> Section =>
        from names in Gen.OneOf(
            Lock.Select(l => ($"acquire {l}", $"release {l}")), Gen.Constant(("down_read z", "up_read z")), Gen.Constant(("down_write z", "up_write z")))
        from body in Simple
        select new Piece(names.Item1, names.Item2, [body], 3);

    private static IEnumerable<GeneratedProgram> Shrink(GeneratedProgram program)
    {
        for (var i = 0; i < program.Threads.Length; i++)
        {
            if (program.Threads.Length > 2)
                yield return new GeneratedProgram([.. program.Threads[..i], .. program.Threads[(i + 1)..]]);
            foreach (var smaller in Shrink(program.Threads[i]))
                yield return new GeneratedProgram([.. program.Threads[..i], smaller, .. program.Threads[(i + 1)..]]);
        }
    }

    private static IEnumerable<Piece[]> Shrink(Piece[] body)
    {
        for (var i = 0; i < body.Length; i++)
        {
            yield return [.. body[..i], .. body[(i + 1)..]];
            if (body[i].Body.Length > 0)
                yield return [.. body[..i], .. body[i].Body, .. body[(i + 1)..]];
        }
    }
}

/// <summary>A statement, or several around some.</summary>
/// <param name="Before">What is before them.</param>
/// <param name="After">What is behind them.</param>
/// <param name="Body">The statements inside.</param>
/// <param name="Accesses">Shared accesses of all, about.</param>
internal sealed record Piece(string Before, string After, Piece[] Body, int Accesses)
{
    public Piece(string text)
        : this(text, "", [], 1)
    {
    }

    public override string ToString() => $"\n  {Before}{string.Concat<Piece>(Body)}{(After.Length > 0 ? $"\n  {After}" : "")}";
}
