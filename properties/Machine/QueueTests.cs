using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Machine;

/// <summary>Who queued first for a sleeping lock gets it first; who finds it free need not queue.</summary>
public static class QueueTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public static void Those_who_queue_are_served_in_order_and_a_newcomer_may_pass_them(bool semaphore)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(-1));
        var t = new Thing(host);
        var watcher = new QueueWatcher();
        Func<KTask> body = async () =>
        {
            await (semaphore ? t.Semaphore.AcquireWrite() : t.Mutex.Acquire());
            await host.Point();
            await (semaphore ? t.Semaphore.ReleaseWrite() : t.Mutex.Release());
        };
        ThreadBody[] bodies = [new("a", body), new("b", body), new("c", body)];
        host.Checkpoint();
        host.Observer = watcher;
        do
        {
            host.Restore();
            watcher.Queue.Clear();
            Assert.True(host.RunTogether(bodies));
            Assert.Empty(watcher.Queue);
        }
        while (host.Strategy.Next());
        Assert.True(watcher.Waited > 0 && watcher.Passed > 0, $"{watcher.Waited} {watcher.Passed}");
    }

    private sealed class QueueWatcher : IStepObserver
    {
        public List<KernelThread> Queue { get; } = [];

        public int Waited { get; private set; }

        public int Passed { get; private set; }

        public void OnStep(KernelThread thread, in Operation operation)
        {
            if (operation.Kind is not (OperationKind.MutexAcquire or OperationKind.SemaphoreAcquireWrite))
                return;
            var place = Queue.IndexOf(thread);
            Assert.True(place <= 0, "the first in the queue is served first");
            if (place == 0)
                Queue.RemoveAt(0);
            Waited += place == 0 ? 1 : 0;
            Passed += place < 0 && Queue.Count > 0 ? 1 : 0;
        }

        public void OnQueue(KernelThread thread, in Operation operation) => Queue.Add(thread);

        public void OnApplied(KernelThread thread, in Operation operation, long result)
        {
        }

        public void OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write)
        {
        }

        public void OnFinding(Finding finding)
        {
        }
    }
}
