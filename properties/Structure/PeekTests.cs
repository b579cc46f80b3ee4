using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;
using Xunit;

namespace Fscrypt.Sim.Properties.Structure;

/// <summary>
/// What a thread reads, it reads so that the searches see it: a reduction looks at one order only of two steps if neither is seen
/// to read what the other writes. To peek is for rules, invariants and reports.
/// </summary>
public static class PeekTests
{
    // Methods that a thread runs, and that peek.
    private static readonly Dictionary<string, string> Exceptions = new(StringComparer.Ordinal)
    {
        ["Dentry.HashKey"] = "d_hash: parent and name change while it is not hashed only, under its d_lock; the table's own step is seen",
        ["DirectKey.HashKey"] = "the descriptor and the raw key that it was made with, before anybody else could reach it",
        ["Inode.HashKey"] = "i_ino, set before it is hashed, and never again",
        ["Inode.OnDisk"] = "i_ino, which never changes, and what it leads to is read by steps of its own",
        ["KeySetup.CountEviction"] = "what a watcher of costs counts, with whom nothing is searched by dependence",
        ["MasterKey.HashKey"] = "the number that it was made with, before anybody else could reach it",
    };

    [Fact]
    public static void Threads_do_not_peek()
    {
        using var code = new ThreadCode(typeof(KernelHost).Assembly, typeof(Scenario).Assembly);
        Assert.Equal(string.Join('\n', Exceptions.Keys.Order(StringComparer.Ordinal)), string.Join('\n', code.Peeking));
        Assert.True(code.Count > 1_000, $"{code.Count} methods");
        Assert.All(Exceptions.Values, reason => Assert.True(reason.Length > 20, reason));
    }

    [Fact]
    public static void A_thread_that_peeks_is_found()
    {
        using var code = new ThreadCode(typeof(PeekTests).Assembly, typeof(KernelHost).Assembly);
        var found = code.Peeking.Where(n => n.StartsWith(nameof(Peeping), StringComparison.Ordinal) || n.StartsWith(nameof(Overridden), StringComparison.Ordinal));
        Assert.Equal(["Overridden.Look", "Peeping.Behind", "Peeping.Helper", "Peeping.Straight", "Peeping.Within"], found);
    }

    private interface ILooker
    {
        int Look();
    }

    private sealed class Overridden(Peeping of) : ILooker
    {
        public int Look() => of.Field.Peek;
    }

    private sealed class Peeping(KernelHost host, ILooker looker) : KernelObject(host)
    {
        public Shared<int> Field;

        public override string Name => $"peeping {Field.Peek}";

        public async KTask Straight() => await Field.WriteOnce(Field.Peek + 1);

        public async KTask Called()
        {
            await Field.WriteOnce(Helper() + looker.Look());
            Host.Report(new Finding("test", Name));
        }

        public async KTask Within()
        {
            var read = () => Field.Peek;
            await Field.WriteOnce(read());
        }

        public async KTask Tracked() => await Field.WriteOnce(await Field.ReadOnce() + Field.Value);

        public KTask Behind(int count) => Behind(() => Field.Peek == count);

        public int Outside() => Field.Peek;

        private static async KTask Behind(Func<bool> isEnough)
        {
            while (!isEnough())
                await default(KTask);
        }

        private int Helper() => Field.Peek;
    }
}
