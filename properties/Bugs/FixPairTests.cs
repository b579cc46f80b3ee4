using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Bugs;

/// <summary>Fixes are taken out side by side: each kernel without two of them runs, and what is found in it is broken by a rule.</summary>
public static class FixPairTests
{
    private static readonly string[] Scenarios = ["remove-vs-write", "races/remove-vs-create", "races/lazytime-vs-remove"];

    [Fact]
    public static void Two_fixes_can_be_taken_out_of_a_kernel_that_has_both()
    {
        var rules = RuleBook.All.Select(r => r.Name).ToHashSet();
        var (pairs, broken) = (0, 0);
        for (var a = 0; a < Fix.All.Length; a++)
        {
            for (var b = a + 1; b < Fix.All.Length; b++)
            {
                if (KernelRelease.All.LastOrDefault(r => Fix.All[a].IsRemovableFrom(r) && Fix.All[b].IsRemovableFrom(r)) is not { } release)
                    continue;
                pairs++;
                var kernel = new KernelConfiguration { Release = release, Without = [Fix.All[a], Fix.All[b]] };
                Assert.Null(kernel.Refusal());
                var plan = new SearchPlan(ScenarioLibrary.Named(Scenarios[(a + b) % Scenarios.Length])!, kernel)
                {
                    Strategy = StrategyNames.Random, PreemptionsMax = null, ExecutionsMax = 10, RunOn = true,
                };

                // An execution in which the model itself fails would throw here.
                var found = Explorer.Run(plan, new SearchProgress(null)).Tally.Violations;
                Assert.All(found, v => Assert.True(rules.Contains(v.Rule) || Expectation.IsExpected(v.Message), v.Message));
                broken += found.Count > 0 ? 1 : 0;
            }
        }

        Assert.True(pairs > 250, "most fixes can be taken out of one release");
        Assert.True(broken > 0, "some of what is taken out is missed in ten schedules");
    }
}
