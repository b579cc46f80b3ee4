using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Vfs;

/// <summary>
/// Each precaution of d_alloc_parallel is needed: two look-ups of one name by a copy of it that leaves one out break something, in some
/// schedule. The copy that leaves nothing out breaks nothing, and meets what the precautions are for, as d_alloc_parallel itself does.
/// </summary>
public static class ParallelLookupTeethTests
{
    /// <summary>What the copy leaves out.</summary>
    public enum Precaution
    {
        None,

        /// <summary>To look for the name, under the bucket's lock, among those that are being looked up.</summary>
        LookForTwin,

        /// <summary>To compare i_dir_seq, under the bucket's lock, with what it was before the dentries were searched.</summary>
        CompareDirectory,

        /// <summary>To sleep until whoever asks the file system is done.</summary>
        Wait,
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public static void With_all_of_them_nothing_breaks(bool isCopy)
    {
        var (findings, seen) = Explore(Precaution.None, isCopy);
        Assert.Empty(findings);
        Assert.True(seen.MetDirectoryAdd && seen.MetTwin);
    }

    [Theory]
    [InlineData(Precaution.LookForTwin, "a name is looked up once at a time")]
    [InlineData(Precaution.CompareDirectory, "a directory has one hashed dentry of a name")]
    [InlineData(Precaution.Wait, "both find the file")]
    public static void Without_it_something_breaks(Precaution leftOut, string sentence)
        => Assert.Contains(Explore(leftOut, isCopy: true).Findings, f => f.EndsWith(sentence, StringComparison.Ordinal));

    private static (List<string> Findings, Seen Seen) Explore(Precaution leftOut, bool isCopy)
    {
        var seen = new Seen();
        var scenario = KernelTexts.Watched(new KernelScenario("twins", "", kernel =>
        {
            var world = new World(kernel, leftOut, isCopy);
            return new ScenarioInstance
            {
                Setup = new ThreadBody("setup", kernel.Mount),
                Threads = [new ThreadBody("a", world.Find), new ThreadBody("b", world.Find)],
                Registers = [],
                Expectations =
                [
                    new Expectation("twins", Frequency.Invariant, "a name is looked up once at a time", () => seen.Look(kernel)),
                    new Expectation("found", Frequency.Always, "both find the file", () => world.Found.Value == 2),
                ],
            };
        }));
        return (KernelTexts.Findings(scenario), seen);
    }

    [NotState("what was seen on the way: no thread looks at it")]
    private sealed class Seen
    {
        public bool MetDirectoryAdd { get; private set; }

        public bool MetTwin { get; private set; }

        public bool Look(Kernel kernel)
        {
            MetDirectoryAdd |= kernel.Host.Counters.DirectoryAddsMet > 0;
            MetTwin |= kernel.Dentries.LookupQueue.AnySleeper;
            var count = 0;
            foreach (var dentry in kernel.Dentries.All)
                count += dentry.IsAlive && kernel.Dentries.InLookup.PeekContains(dentry) ? 1 : 0;
            return count <= 1;
        }
    }

    /// <summary>The file f, which is not cached, and what looks it up.</summary>
    private sealed class World(Kernel kernel, Precaution leftOut, bool isCopy) : KernelObject(kernel.Host)
    {
        public Note<int> Found;

        private readonly int number = kernel.Disk.AddFile(Disk.RootNumber, "f", "x");
        private readonly int name = kernel.Disk.FileName("f");

        private DentryCache Cache => kernel.Dentries;

        public override string Name => "world";

        /// <summary>__lookup_slow.</summary>
        public async KTask Find()
        {
            var root = kernel.SuperBlock.Root.Value!;
            var directory = root.Inode.Value!;
            await directory.Rwsem.AcquireRead();
            var (dentry, isNew) = isCopy ? await AllocateParallel(root) : await Cache.AllocateParallel(root, name);
            if (isNew)
            {
                await kernel.Inodes.FileSystem.Lookup(directory, dentry);
                await Cache.LookupDone(dentry);
            }

            await directory.Rwsem.ReleaseRead();
            if (await DentryCache.IsPositive(dentry) && dentry.Inode.Value!.Number.Value == number)
                Found.Value++;
            await Cache.Dput(dentry);
        }

        // d_alloc_parallel where nothing is moved.
        private async KTask<(Dentry Dentry, bool IsNew)> AllocateParallel(Dentry parent)
        {
            var fresh = await Cache.Allocate(parent, name, DentryFlags.ParallelLookup);
            while (true)
            {
                var adds = Cache.DirectoryAdds.Now;
                await kernel.Host.Rcu.ReadLock();
                var (dentry, sequence) = await Cache.LookupRcu(parent, name);
                if (dentry != null)
                {
                    var isSame = await dentry.Ref.GetNotDead() && !dentry.Sequence.Retry(sequence);
                    await kernel.Host.Rcu.ReadUnlock();
                    await Cache.Dput(isSame ? fresh : dentry);
                    if (isSame)
                        return (dentry, false);
                    continue;
                }

                var compares = leftOut != Precaution.CompareDirectory;
                if (compares && adds.IsOdd)
                {
                    kernel.Host.Counters.DirectoryAddsMet++;
                    await kernel.Host.Rcu.ReadUnlock();
                    await Cache.DirectoryAdds.ChangedSince(adds);
                    continue;
                }

                await Cache.InLookupLock.Acquire();
                if (compares && Cache.DirectoryAdds.Retry(adds))
                {
                    kernel.Host.Counters.DirectoryAddsMet++;
                    await Cache.InLookupLock.Release();
                    await kernel.Host.Rcu.ReadUnlock();
                    continue;
                }

                var twin = leftOut == Precaution.LookForTwin ? null : Cache.FindInLookup(parent, name);
                if (twin == null)
                    Cache.InLookup.AddFirst(fresh);
                await Cache.InLookupLock.Release();
                if (twin == null)
                {
                    await kernel.Host.Rcu.ReadUnlock();
                    return (fresh, true);
                }

                var isAlive = await twin.Ref.GetNotDead();
                await kernel.Host.Rcu.ReadUnlock();
                if (!isAlive)
                    continue;
                await twin.Ref.Acquire();
                if (leftOut != Precaution.Wait)
                    await Cache.AwaitLookup(twin);
                var matches = leftOut == Precaution.Wait || DentryCache.IsAt(twin, parent, name);
                await twin.Ref.Release();
                await Cache.Dput(matches ? fresh : twin);
                if (matches)
                    return (twin, false);
            }
        }
    }
}
