using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Properties.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>DIRECT_KEY: files that share a key, which goes with the last of them (version 1) or with the master key (version 2).</summary>
public static class DirectKeyTests
{
    private const string Tree = """
        setup
          root add_key K1 OPTION
          root mkdir d
          root set_policy d K1 VERSION contents=9 names=9 flags=7
          root create d/f hello
          root create d/g world
          root sync
          root rm_key K1 OPTION
          root add_key K1 OPTION

        """;

    [Theory]
    [InlineData("v5.4")]
    [InlineData("v6.18")]
    public static void Policies_with_DIRECT_KEY_have_one_mode(string release)
        => Answers.AreIn(release,
            "root add_key K1 => OK", "root mkdir d => OK", "root mkdir e => OK", "root set_policy d K1 flags=7 => EINVAL",
            "root set_policy d K1 contents=9 => EINVAL", "root set_policy d K1 contents=9 names=9 flags=12 => EINVAL",
            "root set_policy d K1 contents=9 names=9 flags=7 => OK",
            "root get_policy d => OK[size=24,version=2,contents=9,names=9,flags=7,key=K1]", "root set_policy d K1 => EEXIST",
            "root set_policy e K1 v=1 contents=9 names=9 flags=4 => OK", "root get_policy e => OK[size=12,version=1,contents=9,names=9,flags=4,key=K1]",
            "root create d/f x => OK", "root create d/g y => OK", "root rm_key K1 => OK", "root status K1 => ABSENT",
            "root add_key K1.32 spec=desc => OK", "root create e/f z => OK", "root add_key K1 => OK", "root cat d/f => x", "root cat e/f => z",
            "root open F e/f r => OK", "root rm_key K1 spec=desc => OK[FILES_BUSY]", "root close F => OK", "root cat e/f => z",
            "root rm_key K1 spec=desc => OK", "root cat e/f => ENOENT");

    [Theory]
    [InlineData("v5.10", 2, 3650)]
    [InlineData("v6.18", 2, 1792)]
    [InlineData("v6.18", 1, 1774)]
    public static void Two_files_are_unlocked_while_the_key_goes(string release, int version, long count)
        => Assert.Equal(count, KernelTexts.Executions(
            TreeOf(version) + """
            thread one
              root cat d/f -> f
            thread two
              root cat d/g -> g
            thread remover
              root rm_key K1 OPTION -> removal
            finally
              root rm_key K1 OPTION -> rest
              root status K1 OPTION -> state
            always    state == "ABSENT"
            sometimes f == "hello" && g == "world" && removal == "OK"
            sometimes f != "hello" && g == "world"
            """.Replace("OPTION", version == 1 ? "spec=desc" : "", StringComparison.Ordinal), release, preemptions: 1));

    // A third task has taken the last inode off the list and has not dropped its reference yet.
    [Fact]
    public static void A_mode_key_outlives_a_complete_removal_by_an_instant()
    {
        var seen = 0;
        var original = (KernelScenario)KernelTexts.Of(TreeOf(2) + """
            thread one
              root cat d/f
              root rm_key K1 -> first
            thread two
              root rm_key K1 -> second
            """.Replace("OPTION", "", StringComparison.Ordinal));
        var watched = original with
        {
            Create = kernel =>
            {
                var rule = kernel.Keyring.CompletelyRemoved!;
                kernel.Keyring.CompletelyRemoved = number =>
                {
                    rule(number);
                    seen += kernel.Host.Secrets.Count(number, SecretKind.PerMode) > 0 ? 1 : 0;
                };
                return original.Create(kernel);
            },
        };
        var host = new NativeHost<DepthFirst>(new DepthFirst(2));
        var simulation = new Simulation(watched, new KernelConfiguration { Release = KernelRelease.Named("v6.18")! }, host);
        do
        {
            simulation.Execute();
            Assert.Null(simulation.Violation?.ToString());
        }
        while (seen == 0 && host.Strategy.Next());
        Assert.True(seen > 0);
    }

    private static string TreeOf(int version)
        => Tree.Replace("OPTION", version == 1 ? "spec=desc" : "", StringComparison.Ordinal).Replace("VERSION", $"v={version}", StringComparison.Ordinal);
}
