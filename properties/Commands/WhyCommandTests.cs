using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Necessity;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>What is taken out is known by a name that no line number is in, and what is needed breaks a rule when it is gone.</summary>
public static class WhyCommandTests
{
    [Fact]
    public static void Names_are_unique() => Assert.Equal(Site.All.Length, Site.All.Select(s => s.Name).Distinct().Count());

    [Fact]
    public static void Places_are_told_apart()
        => Assert.Empty(SiteCode.Calls().GroupBy(c => c.Key).Where(g => g.Select(c => c.Caller).Distinct().Skip(1).Any() && g.Any(c => Site.All.Any(s => s.Key == c.Key)))
            .Select(g => g.Key));

    [Fact]
    public static void There_are_sites_of_each_kind() => Assert.Equal(3, Site.All.Select(s => s.Kind).Distinct().Count());

    [Theory]
    [InlineData("remove-vs-write", "fscrypt_drop_inode: dirty", "lost-write 1")]
    [InlineData("remove-vs-write", "evict_dentries_for_decrypted_inodes: i_lock #1", "reference-count 0")]
    [InlineData("remove-vs-write", "evict: on s_inodes", "use-after-free 0")]
    [InlineData("remove-vs-write", "check_for_busy_inodes: the list is empty", "key-material 0")]
    [InlineData("remove-vs-open", "fscrypt_setup_encryption_info: somebody was first", "memory-leak 0")]
    [InlineData("remove-vs-open", "put_crypt_info: off the list, then put", "kernel-state 0")]
    [InlineData("remove-vs-open", "evict: torn down, then unhashed", "kernel-state 1")]
    [InlineData("remove-vs-open", "dput: rcu_read_lock #2", "use-after-free 1")]
    [InlineData("remove-vs-open", "destroy_inode: freed after a grace period #1", "use-after-free 1")]
    public static void What_is_needed_breaks_a_rule(string scenario, string site, string rule)
    {
        var (code, output) = Run("why", scenario, "--site", site, "--preemptions", "1");
        Assert.Equal(ExitCode.Good, code);
        Assert.Contains($"  {rule}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public static void A_lock_that_is_taken_out_is_neither_taken_nor_released()
    {
        var site = Site.All.Single(s => s.Name == "check_for_busy_inodes: mk_decrypted_inodes_lock #1");
        var scenario = (KernelScenario)ScenarioCatalog.Library.Find("remove-vs-write");
        var result = Mutant.Search(scenario, new KernelConfiguration(), new SiteWatch(site.Key), 0, 1000, []);
        Assert.NotEqual("lock-misuse", result.Rule);
    }

    [Fact]
    public static void The_table_is_that_of_the_expected_text()
        => ExpectedText.Compare("why-remove-vs-write.txt", Run("why", "remove-vs-write", "--preemptions", "1").Output);

    [Fact]
    public static void What_is_explained_is_a_site()
        => Assert.Empty(Survivors.Reasons.Keys.Concat(Survivors.Reasons.Values.Select(r => r.Other).OfType<string>()).Except(Site.All.Select(s => s.Name)));

    [Fact]
    public static void Sites_are_taken_out_together()
    {
        string[] both = ["--site", "d_prune_aliases: d_count", "--site", "lock_for_kill: d_count", "--at-once", "--preemptions", "1"];
        Assert.Contains("  check  d_prune_aliases: d_count + lock_for_kill: d_count ", Run(["why", "remove-vs-open", .. both]).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, Run("why", "remove-vs-open", "--at-once").Code);
    }

    [Fact]
    public static void Workers_do_not_change_the_table()
    {
        string[] arguments = ["why", "remove-vs-write", "--preemptions", "0", "--workers"];
        Assert.Equal(Run([.. arguments, "1"]), Run([.. arguments, "2"]));
    }

    [Fact]
    public static void A_budget_that_is_spent_leaves_cells_undecided()
    {
        Assert.Equal(ExitCode.Usage, Run("why", "remove-vs-write", "--executions", "1").Code);
        Assert.Equal(ExitCode.Usage, Run("why", "remove-vs-write", "--site", "iput: i_lok #1").Code);
    }

    private static (int Code, string Output) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Library, new Output(output, TextWriter.Null, isTerminal: false)).Run(arguments);
        return (code, output.ToString());
    }
}
