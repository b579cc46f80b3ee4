using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Properties.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Rules;

/// <summary>Each rule has a design that breaks it: ten wrong lines, and the search finds them.</summary>
public static class TeethTests
{
    [Fact]
    public static void Evicting_nothing_and_reporting_success_leaves_key_bytes()
        => Breaks("key-material", "remove-vs-open", (_, _) => new KTask<Errno>(Errno.OK));

    // Freed memory keeps what nobody wiped.
    [Theory]
    [InlineData(SecretKind.Master, "REMOVE reports K1 completely removed")]
    [InlineData(SecretKind.PerFile, "REMOVE reports K1 completely removed")]
    [InlineData(SecretKind.PerMode, "K1 is absent")]
    [InlineData(SecretKind.Passed, "nobody adds K1 any more")]
    public static void Freeing_a_copy_without_wiping_it_leaves_key_bytes(SecretKind kind, string message)
    {
        var original = (KernelScenario)KernelTexts.Of(KernelTexts.Tree + "thread remover\n  root rm_key K1\n");
        var forgetful = original with
        {
            Create = kernel =>
            {
                kernel.Keyring.Design = new ForgetfulDesign(kernel, kind);
                return original.Create(kernel);
            },
        };
        var host = new NativeHost<DepthFirst>(new DepthFirst(1));
        var simulation = new Simulation(forgetful, new KernelConfiguration(), host);
        while (simulation.Execute() != ExecutionEnd.Violated)
            Assert.True(host.Strategy.Next(), "no schedule shows it");
        Assert.Equal("key-material", simulation.Violation!.Rule);
        Assert.StartsWith(message, simulation.Violation.Message, StringComparison.Ordinal);
        Assert.EndsWith(".ci_enc_key, which is freed", simulation.Violation.Message, StringComparison.Ordinal);
        Assert.Equal(host.Secrets.Count(0) + host.Secrets.Count(0, SecretKind.OfUser), Inspection.Secrets(host).Count());
    }

    [Fact]
    public static void Dropping_one_active_reference_too_many_upsets_the_state_of_the_key()
        => Breaks("key-state", "remove-vs-write", async (kernel, key) =>
        {
            await kernel.Keyring.PutActive(key);
            return Errno.EBUSY;
        });

    [Fact]
    public static void Taking_a_reference_and_keeping_it_is_a_leak()
        => Breaks("reference-leak", "remove-vs-open", async (kernel, key) =>
        {
            await OnFirst(key, kernel.Inodes.Grab);
            return Errno.EBUSY;
        });

    [Fact]
    public static void Keeping_the_memory_of_a_key_that_is_gone_is_a_leak()
        => Breaks("memory-leak", "remove-vs-open", async (kernel, key) =>
        {
            await key.StructRefs.Get();
            return await new DropInode(Shared(kernel)).LockFiles(key);
        });

    [Fact]
    public static void Setting_I_SYNC_and_never_clearing_it_leaves_the_inode_under_writeback()
        => Breaks("inode-state", "remove-vs-unlock", async (_, key) =>
        {
            await OnFirst(key, async inode => await inode.State.Set(inode.State.Value | InodeState.Sync));
            return Errno.EBUSY;
        });

    [Fact]
    public static void Evicting_an_inode_that_is_in_use_is_found_by_whoever_uses_it()
        => Breaks("reference-count", "remove-vs-write", async (kernel, key) =>
        {
            Inode? victim = null;
            await OnFirst(key, async inode =>
            {
                victim = inode;
                await inode.State.Set(inode.State.Value | InodeState.Freeing);
                if (inode.SuperBlock.InodeLru.IsLinked(inode))
                    await kernel.Inodes.RemoveFromLru(inode);
            });
            await kernel.Inodes.Evict(victim!);
            await OnFirst(key, kernel.Inodes.Grab);
            await kernel.Inodes.Grab(victim!);
            return Errno.EBUSY;
        });

    [Fact]
    public static void Evicting_twice_is_seen()
        => Breaks("evicted-twice", "remove-vs-open", async (kernel, key) =>
        {
            Inode? victim = null;
            await OnFirst(key, inode =>
            {
                victim = inode;
                victim.Evicted.Value = new Model.Vfs.Eviction(1);
                return KTask.Done;
            });
            await kernel.Inodes.Evict(victim!);
            return Errno.EBUSY;
        });

    // What fs/crypto did when a key was revoked, before CVE-2017-7374 was fixed.
    [Fact]
    public static void Wiping_a_key_in_place_pulls_it_from_under_its_users()
        => Breaks("no-key", "remove-vs-write", async (kernel, key) =>
        {
            await key.DecryptedInodesLock.Acquire();
            for (var info = key.DecryptedInodes.First; info != null; info = key.DecryptedInodes.After(info))
                await info.Key.Wipe();
            await key.DecryptedInodesLock.Release();
            await Shared(kernel).Sync();                           // the writer's page is encrypted with it
            return Errno.EBUSY;
        });

    [Fact]
    public static void Counting_before_taking_the_lock_loses_a_race_with_iget()
    {
        // The check that evict_inodes lacked until 88b1afbf0f6b: the count is read, and only then the lock taken.
        Breaks("use-after-free", "remove-vs-open", async (kernel, key) =>
        {
            Inode? victim = null;
            await Shared(kernel).Walk(key);
            await key.DecryptedInodesLock.Acquire();
            if (key.DecryptedInodes.First?.Inode.Value is { } inode && await inode.Count.Read() == 0)
            {
                await inode.Lock.Acquire();
                await inode.State.Set(inode.State.Value | InodeState.Freeing);
                if (inode.SuperBlock.InodeLru.IsLinked(inode))
                    await kernel.Inodes.RemoveFromLru(inode);
                await inode.Lock.Release();
                victim = inode;
            }

            await key.DecryptedInodesLock.Release();
            if (victim != null)
                await kernel.Inodes.Evict(victim);
            return Errno.EBUSY;
        }, dropsInodes: false);
    }

    private static EvictDentries Shared(Kernel kernel)
        => new(new Caches(kernel.Host, kernel.SuperBlock, kernel.Inodes, kernel.Dentries, kernel.Writeback, kernel.Reclaim, kernel.KeySetup, kernel.Configuration.FixesIn));

    private static async KTask OnFirst(MasterKey key, Func<Inode, KTask> what)
    {
        await key.DecryptedInodesLock.Acquire();
        var inode = key.DecryptedInodes.First!.Inode.Value!;
        await inode.Lock.Acquire();
        await what(inode);
        await inode.Lock.Release();
        await key.DecryptedInodesLock.Release();
    }

    private static void Breaks(string rule, string scenario, Func<Kernel, MasterKey, KTask<Errno>> lockFiles, bool dropsInodes = true)
    {
        var original = (KernelScenario)ScenarioLibrary.Named(scenario)!;
        var wrong = original with
        {
            Create = kernel =>
            {
                kernel.Keyring.Design = new WrongDesign(kernel, lockFiles, dropsInodes);
                return original.Create(kernel);
            },
        };
        var host = new NativeHost<DepthFirst>(new DepthFirst(2));
        var simulation = new Simulation(wrong, new KernelConfiguration { Design = dropsInodes ? Design.DropInode : Design.Walk }, host);
        var found = new HashSet<string>();
        do
        {
            simulation.Execute();
            if (simulation.Violation is { } violation)
                found.Add(violation.Rule);
        }
        while (!found.Contains(rule) && host.Strategy.Next());
        Assert.Contains(rule, found);
    }

    // Does what is right, and forgets a copy of the key.
    private sealed class ForgetfulDesign(Kernel kernel, SecretKind kind) : IEvictionDesign
    {
        private readonly DropInode right = new(Shared(kernel));
        private readonly Slab<CryptInfo> slab = new(kernel.Host, h => new CryptInfo(h));

        public bool DropsInodes => true;

        public async KTask<Errno> LockFiles(MasterKey key)
        {
            var error = await right.LockFiles(key);
            var copy = slab.Allocate();
            copy.Key.Fill(key.Number.Value, kind);
            slab.Free(copy);
            return error;
        }
    }

    private sealed class WrongDesign(Kernel kernel, Func<Kernel, MasterKey, KTask<Errno>> lockFiles, bool dropsInodes) : IEvictionDesign
    {
        public bool DropsInodes => dropsInodes;

        public KTask<Errno> LockFiles(MasterKey key) => lockFiles(kernel, key);
    }
}
