using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Random programs come to the same in ways that have little in common.</summary>
public static class RandomProgramTests
{
    private const int ExecutionsMax = 5_000;             // of a program; larger ones show nothing more

    [Fact]
    public static void All_schedules_on_a_host_are_all_schedules_without_one()
    {
        var (deadlocked, rules, outcomes) = (0, new SortedSet<string>(StringComparer.Ordinal), 0);
        for (var seed = 0; seed < 400; seed++)
        {
            var text = RandomProgram.Text(seed);
            var hosted = Programs.Explore(text, ExecutionsMax);
            if (hosted.Executions == ExecutionsMax)
                continue;
            Assert.True(hosted.ToString() == Programs.ExploreDirectly(text).ToString(), $"seed {seed}: {text}");
            deadlocked += hosted.Deadlocked;
            outcomes += hosted.Outcomes.Count;
            rules.UnionWith(hosted.Messages.Select(m => m.Split(':')[0]));
        }

        Assert.True(deadlocked > 500 && outcomes > 500, $"random programs show something: {deadlocked} {outcomes}");
        Assert.Equal(["division-by-zero", "index-out-of-bounds", "lock-misuse"], rules);
    }

    [Fact]
    public static void A_schedule_run_again_is_the_same_again_whatever_ran_between()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk((ulong)seed));
            var replaying = new NativeHost<Replay>(new Replay([]));
            var code = ProgramText.Compile(RandomProgram.Text(seed));
            ProgramInstance? program = null;
            var simulation = new Simulation(code.ToScenario(p =>
            {
                program = p;
                return new Expectation("none", Frequency.Sometimes, "", () => false);
            }), new KernelConfiguration(), host);
            var again = new Simulation(code.ToScenario(), new KernelConfiguration(), replaying);
            for (var i = 0; i < 20; i++)
            {
                var end = simulation.Execute();
                var (outcome, found, schedule) = (simulation.OutcomeHash(), host.Finding?.Message, host.Schedule.ToArray());
                replaying.Strategy = new Replay(schedule);
                Assert.Equal(end, again.Execute());
                Assert.Equal((outcome, found), (again.OutcomeHash(), replaying.Finding?.Message));
                Assert.Equal(schedule, replaying.Schedule);
                host.Restore();
                Assert.Equal(new ProgramMachine(code).State, program!.Machine.State);
                host.Strategy.Next();
            }
        }
    }

    [Fact]
    public static void Threads_of_the_operating_system_run_the_same_schedules()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var scenario = ProgramText.Compile(RandomProgram.Text(seed)).ToScenario();
            using var threaded = new ThreadedHost<RandomWalk>(new RandomWalk(5), pointsAll: true);
            var native = new NativeHost<RandomWalk>(new RandomWalk(5));
            var (one, other) = (new Simulation(scenario, new KernelConfiguration(), threaded), new Simulation(scenario, new KernelConfiguration(), native));
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(one.Execute(), other.Execute());
                Assert.Equal(threaded.Schedule, native.Schedule);
                Assert.Equal((one.OutcomeHash(), one.Violation?.Message), (other.OutcomeHash(), other.Violation?.Message));
                threaded.Strategy.Next();
                native.Strategy.Next();
            }
        }
    }

    [Fact]
    public static void Semaphores_are_those_of_the_model()
    {
        var queued = 0;
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var writes = Enumerable.Range(0, random.Next(2, 4)).Select(_ => Sections(random)).ToArray();
            if (writes.Length == 3)
                writes = [.. writes.Select(w => w[..1])];
            var modelled = new Exploration();
            var sem = new Semaphored[1];
            var model = Fscrypt.Sim.Properties.Machine.Program.Explore(
                host =>
                {
                    sem[0] = new Semaphored(host, writes.Sum(w => w.Length));
                    return [.. writes.Select((w, i) => (Func<KTask>)(() => sem[0].Run(i, w)))];
                },
                atEnd: _ => modelled.Count(sem[0].Outcome()));
            Assert.Empty(model.Rules);
            var text = "shared x\nrwsem s" + string.Concat(writes.Select((w, i) => $"\nthread t{i}" + string.Concat(w.Select((write, j)
                => write ? $"\n  down_write s\n  x = {(i * 2) + j + 1}\n  up_write s\n  r{j} = 0" : $"\n  down_read s\n  r{j} = x\n  up_read s"))));
            var program = Programs.Explore(text);
            Assert.Equal(0, program.Deadlocked);
            Assert.Equal(modelled.Outcomes.Values.Order(), program.Outcomes.Values.Order());
            Assert.Equal(
                modelled.Outcomes, program.Outcomes.ToDictionary(o => string.Join(' ', o.Key.Split(' ').Select(v => v.Split('=')[1])), o => o.Value));
            queued += program.Complete;
        }

        Assert.True(queued > 1_000);

        static bool[] Sections(Random random) => [random.Next(2) == 0, random.Next(2) == 0];
    }

    private sealed class Semaphored(KernelHost host, int registers) : KernelObject(host)
    {
        public Shared<int> X;
        public RwSemaphore Semaphore = new(new LockClass(54, "Q", tried: true));
        private readonly int[] values = new int[registers];

        public override string Name => "semaphored";

        public string Outcome() => string.Join(' ', values.Append(X.Peek));

        public async KTask Run(int thread, bool[] writes)
        {
            for (var i = 0; i < writes.Length; i++)
            {
                if (writes[i])
                {
                    await Semaphore.AcquireWrite();
                    await X.WriteOnce((thread * 2) + i + 1);
                    await Semaphore.ReleaseWrite();
                    values[(thread * writes.Length) + i] = 0;
                }
                else
                {
                    await Semaphore.AcquireRead();
                    values[(thread * writes.Length) + i] = await X.ReadOnce();
                    await Semaphore.ReleaseRead();
                }
            }
        }
    }
}
