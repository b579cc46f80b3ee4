using Fscrypt.Sim.Conformance;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Necessity;
using Fscrypt.Sim.Properties.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Rules;

/// <summary>
/// The comment on fscrypt_drop_inode says that its lockless read of the key's presence is harmless. Here that is looked at in all schedules of a
/// last put beside a removal, and of two: nothing breaks, and the read was outdated in some.
/// </summary>
public static class LocklessPresenceTests
{
    // Nothing but p/g pins the file, which has another name and so is not deleted: its last put is in unlink.
    private const string LastPut = """
        setup
          root add_key K1
          root mkdir d
          root set_policy d K1
          root create d/f hello
          root mkdir p
          root link d/f p/g
          root remount
          root add_key K1
          root cat p/g
        thread unlinker
          root unlink p/g
        thread remover
          root rm_key K1 -> removal
        finally
          root status K1 -> key
        always    true: removal != "OK" || key == "ABSENT"
        sometimes busy: removal == "OK[FILES_BUSY]"
        """;

    // What a file system refers to is a part of the state; this is not.
    private static bool wasOutdated;

    [Theory]
    [InlineData("v5.4")]
    [InlineData("v6.18")]
    public static void An_outdated_answer_does_no_harm(string release)
    {
        wasOutdated = false;
        var scenario = (KernelScenario)KernelTexts.Of(LastPut);
        var watched = scenario with
        {
            Create = kernel =>
            {
                var instance = scenario.Create(kernel);
                kernel.Inodes.FileSystem = new Outdating(kernel.Inodes.FileSystem, kernel.Host);
                return instance;
            },
        };
        var result = KernelTexts.Run(watched, release, StrategyNames.States, null, clocks: false);
        Assert.Empty(result.Tally.Violations);
        Assert.True(result.Covered is { Exhaustive: true, PreemptionsMax: null }, result.Reason);
        Assert.True(wasOutdated, "the key was present whenever ->drop_inode had said so: nothing was shown");
    }

    [Fact]
    public static void Who_does_not_count_what_is_left_reports_a_lie()
    {
        var kernel = new KernelConfiguration();
        var asked = (KernelScenario)KernelTexts.Of(LastPut) with { OnlyRules = ["unlocked-inode"] };
        var sites = new SiteWatch(Site.All.Single(s => s.Name == "check_for_busy_inodes: the list is empty").Key);
        var result = Mutant.Search(asked, kernel, sites, 2, 1_000_000, []);
        Assert.Equal("unlocked-inode", result.Rule);
    }

    /// <summary>Goes on a step after ->drop_inode said to keep an inode, with i_lock held, and looks whether that is outdated.</summary>
    private sealed class Outdating(IFileSystem inner, KernelHost host) : WatchedFileSystem(inner, _ => { }, _ => "")
    {
        public override async KTask<bool> DropInode(Inode inode)
        {
            var evicts = await base.DropInode(inode);
            var hadKey = inode.CryptInfo.Peek is CryptInfo { MasterKey.Peek: { Present.Peek: true } };
            await host.Point();
            wasOutdated |= !evicts && hadKey && inode.CryptInfo.Peek is CryptInfo { MasterKey.Peek: { Present.Peek: false } };
            return evicts;
        }
    }
}
