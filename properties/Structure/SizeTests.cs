using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Structure;

/// <summary>Large simulations hold a hundred thousand inodes: one with its dentry takes 960 bytes, all watchers' fields included.</summary>
public static class SizeTests
{
    [Fact]
    public static void An_inode_and_its_dentry_are_small()
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var superBlock = new Kernel(host, new KernelConfiguration()).SuperBlock;
        Assert.InRange(Bytes(() => new Inode(host, superBlock)) + Bytes(() => new Dentry(host, superBlock)), 1, 960);
    }

    // The least of several: the host's own list grows now and then.
    private static long Bytes(Func<object> create) => Enumerable.Range(0, 16).Min(_ =>
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        create();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    });
}
