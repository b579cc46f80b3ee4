using Fscrypt.Sim.Properties.Engines;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>
/// The graph of a scenario's states in the plainest way, every schedule from the beginning and every thread suspended at each
/// point: a search that runs on as long as it can, and lets threads go straight through what it knows, has the same.
/// </summary>
public static class PlainGraphTests
{
    public static TheoryData<string> Names => [.. Scenarios.Keys];

    private static Dictionary<string, Scenario> Scenarios { get; } = new Scenario[]
    {
        SmallScenarios.LostUpdate, SmallScenarios.GuardedUpdate, SmallScenarios.BothOrders, SmallScenarios.LostWakeUp,
        SmallScenarios.Polling, SmallScenarios.NothingToDo, SmallScenarios.Nothing,
        Cellar.Scenario(TakeMutex, TakeMutex, TakeMutex) with { Name = "one-mutex" },
        Cellar.Scenario(TakeMutex, TakeTried, TakeMutex, TakeTried) with { Name = "mutex-and-others" },
    }.ToDictionary(s => s.Name);

    [Theory]
    [MemberData(nameof(Names))]
    public static void A_search_has_the_states_and_steps_of_the_plain_graph(string name)
    {
        var found = Searches.Executed(Searches.Plan(Scenarios[name], null)).Tally.States!;
        Assert.Equal(Explore(Scenarios[name]), (found.States, found.Transitions));
    }

    private static (long States, long Transitions) Explore(Scenario scenario)
    {
        var machine = new SuspendedMachine(scenario);
        var states = new HashSet<string> { machine.StateAt() };
        var open = new Queue<short[]>([[]]);
        var transitions = 0L;
        while (open.TryDequeue(out var schedule))
        {
            for (short thread = 0; thread < machine.Instance.Threads.Length; thread++)
            {
                short[] next = [.. schedule, thread];
                if (!machine.TryGoTo(next))
                    continue;
                transitions++;
                var isGoneOnFrom = machine.Host.Finding == null || machine.Host.Deadlocked;
                if (isGoneOnFrom && states.Add(string.Join(' ', machine.Words.ToArray())))
                    open.Enqueue(next);
            }
        }

        return (states.Count, transitions);
    }

    private static async Model.Machine.KTask TakeMutex(Cellar c)
    {
        await c.Mutex.Acquire();
        await c.Host.Point();
        await c.Mutex.Release();
    }

    private static async Model.Machine.KTask TakeTried(Cellar c)
    {
        if (await c.LeftTried.TryAcquire())
            await c.LeftTried.Release();
    }
}
