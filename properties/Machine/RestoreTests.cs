using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Each execution begins with the state of the checkpoint, all of it, whatever the one before it did.</summary>
public static class RestoreTests
{
    [Fact]
    public static void After_the_programs_scenarios_every_object_is_as_it_was()
    {
        foreach (var scenario in ScenarioLibrary.All.Where(s => s.Text!.Contains("\nthread ", StringComparison.Ordinal)))
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk(3));
            var simulation = new Simulation(scenario, new KernelConfiguration(), host);
            var changed = false;
            for (var i = 0; i < 200; i++)
            {
                simulation.Execute();
                changed |= host.Different().Any();
                host.Restore();
                Assert.Empty(host.Different().Select(o => o.Name));
                host.Strategy.Next();
            }

            Assert.True(changed, "a scenario that changes nothing shows nothing");
        }
    }

    [Fact]
    public static void After_random_programs_every_object_is_as_it_was()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk(1)) { StepsMax = 60 };
            var simulation = new Simulation(SmallScenarios.Random(seed), new KernelConfiguration(), host);
            for (var i = 0; i < 10; i++)
            {
                simulation.Execute();
                host.Restore();
                Assert.Empty(host.Different().Select(o => o.Name));
                host.Strategy.Next();
            }
        }
    }

    [Theory]
    [InlineData("note")]
    [InlineData("counter")]
    [InlineData("neighbours")]
    [InlineData("freed")]
    [InlineData("raw")]
    [InlineData("table")]
    [InlineData("queue")]
    public static void What_is_changed_without_an_operation_is_put_back(string what)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(-1));
        var slab = new Slab<Odd>(host, h => new Odd(h));
        var raw = new Raw(host);
        Odd[] o = [slab.Allocate(), slab.Allocate(), slab.Allocate(), slab.Allocate()];
        var table = new HashTable<Odd>(host, "table", 4, nameof(Odd.Hash));
        o[0].List.AddLast(o[1]);
        o[0].List.AddLast(o[2]);
        o[0].List.AddLast(o[3]);
        table.AddFirst(o[0]);
        table.AddFirst(o[1]);
        table.AddFirst(o[2]);
        host.Checkpoint();
        for (var i = 0; i < 3; i++)
        {
            host.Restore();
            Assert.Empty(host.Different().Select(d => d.Name));
            Assert.Equal(o[2], o[0].List.PeekAfter(o[1]));
            Assert.Equal(o[1], table.PeekAfter(o[2]));
            host.RunTogether([new ThreadBody("t", Change)]);
            Assert.NotEmpty(host.Different());
        }

        async KTask Change()
        {
            switch (what)
            {
                case "note":
                    o[0].Note.Value++;
                    break;
                case "counter":
                    o[0].Counter.Bump();
                    break;
                case "neighbours":
                    o[0].List.Remove(o[2]);
                    break;
                case "freed":
                    slab.Free(o[0]);
                    break;
                case "raw":
                    raw.Field++;
                    break;
                case "table":
                    table.Remove(o[1]);
                    break;
                default:
                    await o[0].Queue.Prepare();
                    o[0].Queue.Finish();
                    break;
            }
        }
    }

    [Fact]
    public static void The_same_seed_gives_the_same_schedules_and_another_one_others()
    {
        Assert.Equal(Schedules(7), Schedules(7));
        Assert.NotEqual(Schedules(7), Schedules(8));

        static List<string> Schedules(ulong seed)
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk(seed));
            var simulation = new Simulation(ScenarioLibrary.Named("remove-vs-open")!, new KernelConfiguration(), host);
            var schedules = new List<string>();
            for (var i = 0; i < 20; i++)
            {
                simulation.Execute();
                schedules.Add($"{string.Join(' ', host.Schedule.ToArray())}: {simulation.OutcomeHash()}");
                host.Strategy.Next();
            }

            return schedules;
        }
    }

    [Fact]
    public static void Frames_are_used_again_whether_executions_end_or_are_given_up()
    {
        // Cut short every other time, with threads under way.
        var host = new NativeHost<CutsEveryOther>(default);
        var t = new Thing(host);
        ThreadBody[] bodies = [new("a", Body), new("b", Body), new("c", Body)];
        host.Checkpoint();
        Run(200);
        var made = host.Frames.Made;
        Assert.Equal(3 + 3, made);                       // three threads, and a call of each at a time
        Run(2_000);
        Assert.Equal(made, host.Frames.Made);

        void Run(int executions)
        {
            for (var i = 0; i < executions; i++)
            {
                host.Restore();
                host.RunTogether(bodies);
                host.Strategy.Next();
            }
        }

        async KTask Body()
        {
            for (var i = 0; i < 3; i++)
                await Locked();
        }

        async KTask Locked()
        {
            await t.Mutex.Acquire();
            await host.Point();
            t.X.Value++;
            await t.Mutex.Release();
        }
    }

    private struct CutsEveryOther : IStrategy
    {
        private RandomWalk walk;
        private int execution;
        private int step;

        public void Begin()
        {
            walk.Begin();
            step = 0;
        }

        public int Choose(KernelHost host, ulong enabled, int current)
            => ++step > 10 && execution % 2 == 1 ? -1 : walk.Choose(host, enabled, current);

        public int ChooseData(int options) => walk.ChooseData(options);

        public bool Next()
        {
            execution++;
            return walk.Next();
        }
    }

    private sealed class Odd(KernelHost host) : KernelObject(host), IHashed
    {
        public Note<int> Note;
        public ChangeCounter Counter;
        public WaitQueue Queue;
#pragma warning disable CS0649 // The list and the table write them, in place.
        public ListLink Place;
        public HashLink Hash;
#pragma warning restore CS0649
        [LinkedBy(nameof(Place))]
        public KernelList<Odd> List;

        public override string Name => "odd";

        public ulong HashKey => 1;
    }

    private sealed class Raw(KernelHost host) : KernelObject(host)
    {
        public int Field;

        public override string Name => "raw";
    }
}
