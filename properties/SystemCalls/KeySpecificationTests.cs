using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Random sequences of ioctls on keys and policies: the model answers what <see cref="KeySpecification"/> says.</summary>
public static class KeySpecificationTests
{
    private const string Seed = "20190218,5";
    private const int CallsMax = 56;                               // and the four that most sequences begin with

    [Property(MaxTest = 1_000, StartSize = 4, EndSize = CallsMax, Replay = Seed, Arbitrary = [typeof(KeySequences)])]
    public static Property The_newest_kernel_answers_as_specified(KeySequence sequence) => Agrees(sequence, new KernelConfiguration());

    [Property(MaxTest = 30, StartSize = 8, EndSize = CallsMax, Replay = Seed, Arbitrary = [typeof(KeySequences)])]
    public static Property Every_release_answers_as_specified(KeySequence sequence)
        => KernelRelease.All.Select(r => Agrees(sequence, new KernelConfiguration { Release = r })).Aggregate((a, b) => a.And(b));

    [Property(MaxTest = 30, StartSize = 8, EndSize = CallsMax, Replay = Seed, Arbitrary = [typeof(KeySequences)])]
    public static Property The_other_designs_answer_as_specified(KeySequence sequence)
        => Agrees(sequence, new KernelConfiguration { Design = Design.Walk })
            .And(Agrees(sequence, new KernelConfiguration { Design = Design.WalkSkipBusy }));

    [Fact]
    public static void Sequences_reach_the_interesting_answers()
    {
        var seen = new HashSet<string>();
        foreach (var sequence in KeySequences.Sequences().Generator.Sample(CallsMax, new Rnd(1, 3), 1_000))
            seen.UnionWith(sequence.AnsweredBy(new KeyRules()).Select(c => $"{c.Call.Split(' ')[1]} {c.Answer}"));

        string[] expected =
        [
            "add_key EDQUOT", "add_key ENOKEY", "add_key EKEYREVOKED", "add_key EKEYREJECTED", "provision_key OK", "provision_key EINVAL", "provision_key EDQUOT",
            "unprovision_key OK", "unprovision_key ENOKEY", "unprovision_key EKEYREVOKED", "key_quota OK", "key_quota EACCES",
            "get_policy OK[size=24,version=2,contents=9,names=9,flags=7,key=K1]", "add_key OK", "add_key EINVAL", "add_key EACCES", "rm_key OK", "rm_key OK[FILES_BUSY]", "rm_key OK[OTHER_USERS]", "rm_key ENOKEY",
            "rm_key EACCES", "rm_key_all OK", "rm_key_all OK[FILES_BUSY]", "rm_key_all EACCES", "rm_key_all ENOKEY", "status ABSENT",
            "status INCOMPLETELY_REMOVED", "status PRESENT[users=0]", "status PRESENT[users=1]", "status PRESENT[users=2,self]",
            "status PRESENT[users=3]", "set_policy OK", "set_policy EEXIST", "set_policy ENOTEMPTY", "set_policy ENOTDIR", "set_policy EACCES",
            "set_policy EINVAL", "set_policy ENOKEY", "set_policy ENOENT", "get_policy ENODATA", "get_policy EOVERFLOW", "get_policy ENOKEY",
            "get_policy OK[size=12,version=1,contents=1,names=4,flags=3,key=K1]", "get_policy OK[size=24,version=2,contents=1,names=4,flags=3,key=K1]",
            "get_policy_old OK", "get_policy_old EINVAL", "get_policy_old ENODATA", "get_nonce OK", "get_nonce ENODATA", "create OK", "create ENOKEY",
            "create EEXIST", "create EACCES", "mkdir ENOKEY", "open OK", "open ENOKEY", "open ENOENT", "open EACCES", "close OK", "close EBADF",
            "cat text", "cat newt", "cat ENOKEY", "cat ENOENT", "write OK", "write EBADF",
        ];
        Assert.Equal([], expected.Except(seen));
    }

    [Fact]
    public static void What_another_release_answers_is_caught()
    {
        var rules = new KeyRules(SizeBeforePrivilege: true);
        var sequence = new KeySequence(["alice add_key K1.15 spec=desc"]);
        Assert.NotNull(Difference(sequence, new KernelConfiguration(), rules));
        Assert.Null(Difference(sequence, new KernelConfiguration { Release = KernelRelease.Named("v5.4")! }, rules));
    }

    [Fact]
    public static void The_last_close_does_not_lock()
    {
        var sequence = new KeySequence(
        [
            "alice add_key K1", "alice mkdir d", "alice set_policy d K1", "alice create d/f text", "alice open F d/f r", "alice rm_key K1",
            "alice close F", "alice status K1", "bob rm_key K1", "bob status K1",
        ]);
        Assert.Equal(
            ["OK", "OK", "OK", "OK", "OK", "OK[FILES_BUSY]", "OK", "INCOMPLETELY_REMOVED", "OK", "ABSENT"],
            sequence.AnsweredBy(new KeyRules()).Select(c => c.Answer));
        Assert.Null(Difference(sequence, new KernelConfiguration(), new KeyRules()));
    }

    private static Property Agrees(KeySequence sequence, KernelConfiguration configuration)
    {
        var difference = Difference(sequence, configuration, KeyRules.Of(configuration.Release));
        return (difference == null).Label($"{configuration.Release}: {difference}");
    }

    private static string? Difference(KeySequence sequence, KernelConfiguration configuration, KeyRules rules)
    {
        var calls = sequence.AnsweredBy(rules);
        var file = ScenarioFile.Load(new Diagnostics("sequence", KeySequence.ScenarioOf(calls.Select(c => c.Call))));
        Assert.True(file.Scenario != null, file.Diagnostics.Format() + string.Join(", ", file.Missing.Select(m => m.What)));
        var simulation = new Simulation(file.Scenario, configuration, new NativeHost<DepthFirst>(new DepthFirst(0)));
        for (var i = 0; i < calls.Length; i++)
        {
            var answer = simulation.Instance.Registers[i].Text;
            if (answer != calls[i].Answer)
                return $"line {i + 1}, {calls[i].Call}: {calls[i].Answer} is specified, the model answers {answer}";
        }

        simulation.Execute();
        return simulation.Violation is { } finding ? $"at the end {finding.Rule}: {finding.Message}" : null;
    }
}
