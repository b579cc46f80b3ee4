using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Necessity;

/// <summary>A site, and what breaks in a scenario without it.</summary>
/// <param name="Site">What is taken out.</param>
/// <param name="IsIdle">
/// Whether the whole kernel, searched as far, makes no use of it: the check comes out as it does without it, no other thread takes
/// the lock. Then the scenario says nothing about it.
/// </param>
/// <param name="All">With all watchers.</param>
/// <param name="WithoutOrder">Without findings of races and of the order of locks.</param>
public sealed record NecessityRow(Site Site, bool IsIdle, MutantResult All, MutantResult WithoutOrder);

/// <summary>Which locks, checks and orders a scenario needs on a kernel.</summary>
/// <param name="Scenario">The scenario.</param>
/// <param name="Rows">Those that were reached, in the order of the code.</param>
/// <param name="NotReached">Those that were not.</param>
public sealed record NecessityTable(Scenario Scenario, ImmutableArray<NecessityRow> Rows, ImmutableArray<Site> NotReached)
{
    private static readonly string[] OrderRules = ["data-race", "lock-order"];

    /// <summary>Makes the table.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="preemptionsMax">The bound.</param>
    /// <param name="executionsMax">Executions after which a mutant is given up.</param>
    /// <param name="workers">Threads of the computer to use; no result depends on it.</param>
    /// <param name="progress">To be told how far it is.</param>
    /// <param name="only">The sites to take out; all if it is empty.</param>
    /// <param name="atOnce">Whether they are taken out together, which makes one row.</param>
    /// <exception cref="ScenarioException">Something breaks although nothing is taken out.</exception>
    public static NecessityTable Of(
        KernelScenario scenario, KernelConfiguration kernel, int preemptionsMax, long executionsMax, int workers, Action progress, IReadOnlyList<Site> only,
        bool atOnce = false)
    {
        var (whole, first, exceptions) = SearchWhole(scenario, kernel, preemptionsMax, executionsMax);
        var sites = Site.All.Where(s => only.Count == 0 || only.Contains(s)).ToList();
        var reached = sites.Where(s => whole.Reached.Contains(s.Key)).ToList();
        var unordered = scenario with { WithoutRules = [.. scenario.WithoutRules.Union(OrderRules)] };
        List<List<Site>> mutants = atOnce && reached.Count > 0 ? [reached] : [.. reached.Select(s => new List<Site> { s })];
        var rows = new NecessityRow[mutants.Count];
        Explorer.InParallel(rows.Length, workers, i =>
        {
            MutantResult Search(KernelScenario of)
                => Mutant.Search(of, kernel, new SiteWatch([.. mutants[i].Select(s => s.Key)]), preemptionsMax, executionsMax, first.Probes, exceptions);

            // Without a check that comes out the same all executions are those of the whole kernel.
            var isIdle = !mutants[i].Exists(s => whole.Used.Contains(s.Key));
            var all = isIdle && mutants[i].TrueForAll(s => s.Kind == SiteKind.Check) ? first : Search(scenario);
            rows[i] = new NecessityRow(Site.Of(mutants[i]), isIdle, all, OrderRules.Contains(all.Rule) ? Search(unordered) : all);
            progress();
        });
        return new NecessityTable(scenario, [.. rows], [.. sites.Except(reached)]);
    }

    /// <summary>Searches a scenario on a kernel that is whole.</summary>
    /// <returns>The sites that it reached and used, the result, and which sentences about a kernel's state are not so in it.</returns>
    /// <exception cref="ScenarioException">Something breaks, or the budget is spent.</exception>
    public static (SiteWatch Sites, MutantResult Result, IReadOnlySet<string> Exceptions) SearchWhole(
        KernelScenario scenario, KernelConfiguration kernel, int preemptionsMax, long executionsMax)
    {
        var whole = new SiteWatch();
        var exceptions = new SortedSet<string>(StringComparer.Ordinal);
        MutantResult result;
        while ((result = Mutant.Search(scenario, kernel, whole, preemptionsMax, executionsMax, [], exceptions)).Rule == Mutant.State)
            exceptions.Add(result.Finding!);
        if (result.Rule != null)
            throw new ScenarioException($"why: {scenario.Name} breaks rule {result.Rule} on {kernel.Design} {kernel.Release} with nothing taken out; explore it");
        if (result.IsUndecided)
            throw new ScenarioException($"why: {scenario.Name} is not searched to its end in {executionsMax} executions with nothing taken out; raise --executions or lower --preemptions");
        return (whole, result, exceptions);
    }
}
