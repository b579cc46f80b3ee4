using Fscrypt.Sim.Model.Machine;
using Xunit;
using Xunit.Abstractions;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>
/// Releases of locks that nobody tries, and plain accesses, are no scheduling points. What that must not change is the set
/// of outcomes of a program without data races: all points are compared with the few, over all schedules of both.
/// </summary>
/// <param name="output">Where the numbers go.</param>
public sealed class PointsAllTests(ITestOutputHelper output)
{
    private const int Seed = 7;
    private const int ExecutionsMax = 3000;
    private const int ExecutionsMin = 10;

    [Fact]
    public void All_points_change_no_outcome_of_a_program_without_races()
    {
        var programs = 0;
        var tries = 0;
        var several = 0;
        long few = 0;
        long all = 0;
        foreach (var program in Programs(60))
        {
            var coarse = Seen.By(program, PointsMode.Coarse);
            var fine = Seen.By(program, PointsMode.All);
            var spelled = Seen.By(program, PointsMode.Spelled);
            Assert.True(coarse.Outcomes.SetEquals(fine.Outcomes), Difference(program, coarse, fine));
            Assert.True(spelled.Outcomes.SetEquals(fine.Outcomes), Difference(program, spelled, fine));
            Assert.Equal(spelled.Executions, fine.Executions);
            Assert.All(fine.Outcomes, o => Assert.StartsWith("xA=", o, StringComparison.Ordinal));
            programs++;
            tries += Text(program).Contains("try", StringComparison.Ordinal) ? 1 : 0;
            several += fine.Outcomes.Count > 1 ? 1 : 0;
            few += coarse.Executions;
            all += fine.Executions;
        }

        output.WriteLine($"{programs} programs, {tries} with a try, {several} with several outcomes; {few} executions, {all} with all points");
        Assert.Equal(60, programs);
        Assert.True(tries >= 30 && several >= 30, $"{tries} {several}");
        Assert.True(all > 3 * few, $"{all} {few}");
    }

    [Fact]
    public void The_same_for_many_programs_whose_points_are_spelled_out()
    {
        var programs = 0;
        foreach (var program in Programs(1000))
        {
            var coarse = Seen.By(program, PointsMode.Coarse);
            var spelled = Seen.By(program, PointsMode.Spelled);
            Assert.True(coarse.Outcomes.SetEquals(spelled.Outcomes), Difference(program, coarse, spelled));
            programs++;
        }

        Assert.Equal(1000, programs);
    }

    [Fact]
    public void An_undeclared_try_loses_an_outcome()
    {
        Statement[][] program =
        [
            [new Statement(StatementKind.Locked, 0, 0, new Statement(StatementKind.Write, 0, 1))],
            [new Statement(StatementKind.Tried, 0, 0, new Statement(StatementKind.Read))],
        ];
        string[] expected = ["xA=1 xB=0:  | busy", "xA=1 xB=0:  | taken 0", "xA=1 xB=0:  | taken 1"];

        Assert.Equal(expected, Seen.By(program, PointsMode.All).Outcomes);
        Assert.Equal(expected, Seen.By(program, PointsMode.Coarse).Outcomes);
        Assert.Equal(expected, Seen.By(program, PointsMode.All, declared: false).Outcomes);
        Assert.Equal(expected[1..], Seen.By(program, PointsMode.Coarse, declared: false).Outcomes);
    }

    [Fact]
    public void Undeclared_tries_lose_outcomes_of_many_programs_and_invent_none()
    {
        var lost = 0;
        foreach (var program in Programs(200))
        {
            var declared = Seen.By(program, PointsMode.Coarse).Outcomes;
            var undeclared = Seen.By(program, PointsMode.Coarse, declared: false).Outcomes;
            Assert.True(undeclared.IsSubsetOf(declared), Text(program));
            lost += undeclared.Count < declared.Count ? 1 : 0;
        }

        output.WriteLine($"{lost} of 200 programs lose an outcome");
        Assert.True(lost >= 10, $"{lost}");
    }

    [Fact]
    public void A_try_of_a_lock_that_was_declared_as_never_tried_is_refused()
    {
        var host = new Fscrypt.Sim.Engines.NativeHost<Fscrypt.Sim.Search.DepthFirst>(new Fscrypt.Sim.Search.DepthFirst(-1));
        var tried = new Single(host);
        Assert.False(host.RunAlone(new ThreadBody("tries", tried.Try)));
        Assert.IsType<InvariantException>(host.Finding?.Exception);
    }

    // Those with few enough schedules under all points, counted on coroutines, where that is cheap.
    private static IEnumerable<Statement[][]> Programs(int number)
    {
        var generator = new ProgramGenerator(new Random(Seed));
        for (var i = 0; number > 0; i++)
        {
            Assert.True(i < 20_000, "enough of the random programs are small");
            var program = generator.Next();
            if (Seen.By(program, PointsMode.Spelled, ExecutionsMax).Executions < ExecutionsMin)
                continue;                                // too many, or nothing to choose
            number--;
            yield return program;
        }
    }

    private static string Text(Statement[][] program) => string.Join(" || ", program.Select(t => string.Join("; ", (object[])t)));

    private static string Difference(Statement[][] program, Seen one, Seen other)
        => $"{Text(program)}\n only: {string.Join(", ", one.Outcomes.Except(other.Outcomes))}\n only all points: "
            + string.Join(", ", other.Outcomes.Except(one.Outcomes));

    private sealed class Single(KernelHost host) : KernelObject(host)
    {
        private Model.Machine.SpinLock never = new(new LockClass(60, "never"));

        public override string Name => "single";

        public async KTask Try() => await never.TryAcquire();
    }
}
