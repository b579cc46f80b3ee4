using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Fscrypt.Sim.Search.Visited;

namespace Fscrypt.Sim.Necessity;

/// <summary>What a search for the first finding came to.</summary>
/// <param name="Rule">The rule that breaks, or null if none does.</param>
/// <param name="Finding">What was found.</param>
/// <param name="Preemptions">The fewest preemptions of a schedule that shows it.</param>
/// <param name="IsUndecided">Whether a budget was spent before anything was found.</param>
/// <param name="Probes">The situations that were reached.</param>
public sealed record MutantResult(string? Rule, string? Finding, int Preemptions, bool IsUndecided, IReadOnlyList<string> Probes);

/// <summary>A scenario on a kernel from which one site is taken out, searched up to its first finding.</summary>
/// <remarks>
/// <para>
/// All schedules without a preemption come first, then all with one, and so on: the first finding has the fewest. An execution that
/// does not end within the limit of steps breaks the rule livelock here. A situation that is reached in the whole kernel and in no
/// schedule of this one breaks the expectation that it sometimes is.
/// </para>
/// <para>
/// The sentences about the kernel's state are asked too, between any two steps and at rest; they count where no rule breaks. While
/// somebody is in what a lock guards whose acquire is taken out they are not asked: he would have been alone there.
/// </para>
/// </remarks>
public static class Mutant
{
    /// <summary>Steps after which an execution is taken to go on for ever: those of a whole kernel have a few hundred.</summary>
    public const int StepsMax = 10_000;

    /// <summary>The rule that one of <see cref="KernelInvariants"/> is not so; the finding is the sentence.</summary>
    public const string State = "kernel-state";

    /// <summary>Searches.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="sites">What is taken out.</param>
    /// <param name="preemptionsMax">The bound.</param>
    /// <param name="executionsMax">Executions after which it is given up.</param>
    /// <param name="probes">The situations that the whole kernel reaches.</param>
    /// <param name="exceptions">The sentences that the whole kernel breaks, and which are not asked; null: none is.</param>
    public static MutantResult Search(
        KernelScenario scenario, KernelConfiguration kernel, SiteWatch sites, int preemptionsMax, long executionsMax, IReadOnlyList<string> probes,
        IReadOnlySet<string>? exceptions = null)
    {
        var reached = new SortedSet<string>(StringComparer.Ordinal);
        var left = executionsMax;
        MutantResult? state = null;
        for (var bound = 0; bound <= preemptionsMax; bound++)
        {
            var host = new NativeHost<DepthFirst>(new DepthFirst(bound)) { StepsMax = StepsMax };
            Kernel? made = null;
            var simulation = new Simulation(scenario with { Create = k => scenario.Create(made = k) }, kernel, host);
            var sentences = exceptions == null || state != null ? null : new Sentences(host, new KernelInvariants(made!), exceptions);
            host.Sites = sites;
            do
            {
                if (left-- == 0)
                    return new MutantResult(null, null, preemptionsMax, IsUndecided: true, [.. reached]);
                if (Execute(simulation, host, sentences) is var (rule, finding))
                    return new MutantResult(rule, finding, bound, IsUndecided: false, [.. reached]);
                Collect(simulation, reached);
                if (state == null && sentences?.Broken is { } broken)
                    state = new MutantResult(State, broken, bound, IsUndecided: false, [.. reached]);
            }
            while (host.Strategy.Next());

            if (!host.Strategy.BoundWasFelt)
                break;
        }

        var missing = probes.FirstOrDefault(p => !reached.Contains(p));
        return missing == null && state != null ? state : new MutantResult(missing, missing == null ? null : $"never reached: {missing}", preemptionsMax, IsUndecided: false, [.. reached]);
    }

    private static (string Rule, string Finding)? Execute(Simulation simulation, NativeHost<DepthFirst> host, Sentences? sentences)
    {
        ExecutionEnd end;
        try
        {
            end = simulation.Execute();
            if (end == ExecutionEnd.Complete)
                sentences?.Look(atRest: true);
        }
        catch (Exception exception) when (exception is InvariantException or NullReferenceException or InvalidOperationException)
        {
            return (SiteWatch.Impossible, exception.Message);      // the rules that look at the end met what cannot be
        }

        return end switch
        {
            ExecutionEnd.Violated => (simulation.Violation!.Rule, simulation.Violation.Message),
            ExecutionEnd.Deadlocked => ("deadlock", "threads are left that cannot go on"),
            ExecutionEnd.Cut => (Livelock.Rule, host.GivenUp ?? "an execution does not end"),
            _ => null,
        };
    }

    private static void Collect(Simulation simulation, SortedSet<string> reached)
    {
        var expectations = simulation.Instance.Expectations;
        for (var i = 0; i < expectations.Length; i++)
        {
            if (expectations[i].Frequency == Frequency.Sometimes && simulation.Held[i])
                reached.Add(expectations[i].Name);
        }
    }

    // Asks the sentences about a kernel's state of each state that the execution before this one did not come to.
    private sealed class Sentences
    {
        private readonly NativeHost<DepthFirst> host;
        private readonly StateInvariant[] asked;
        private readonly Action? others;

        public Sentences(NativeHost<DepthFirst> host, KernelInvariants invariants, IReadOnlySet<string> exceptions)
        {
            this.host = host;
            asked = [.. invariants.All.Where(i => !exceptions.Contains(i.Sentence))];
            others = host.AtEachState;
            host.AtEachState = LookAtState;
        }

        /// <summary>The first sentence that was not so, or null.</summary>
        public string? Broken { get; private set; }

        /// <summary>Asks all sentences, unless one was not so before.</summary>
        public void Look(bool atRest)
        {
            foreach (var sentence in asked)
            {
                if (Broken == null && (atRest || !sentence.AtRest) && sentence.FindBroken() != null)
                    Broken = sentence.Sentence;
            }
        }

        private void LookAtState()
        {
            others?.Invoke();
            if (Broken == null && host.Strategy.Taken.Length >= host.Strategy.Given.Length && !host.IsAnybodyWithoutALock)
                Look(atRest: false);
        }
    }
}
