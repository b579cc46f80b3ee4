using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Read-copy-update. An object whose callback only frees it is "waiting" from call_rcu on: read sections that began before
/// may still touch it, anybody else is a finding. There is no thread for that. Since 5.0 a grace period waits for whoever
/// cannot be preempted, so that holding a spinlock is a read section too; kernels with real-time preemption do the same.
/// </summary>
public sealed class Rcu(KernelHost host) : KernelObject(host)
{
    public override string Name => "rcu";

    /// <summary>rcu_read_lock.</summary>
    [Site]
    public Step ReadLock([CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => new(Host.KeepsSection(function, line) ? Announce(0, OperationKind.RcuReadLock) : Host.Root.Announce(0, OperationKind.TakenOut));

    /// <summary>rcu_read_unlock: only enables what waits for it, so it is no point.</summary>
    public Step ReadUnlock() => new(Host.Sites != null && Host.Current.SkipsReadUnlock()
        ? Host.Root.Announce(0, OperationKind.TakenOut) : Announce(0, OperationKind.RcuReadUnlock, quiet: !Host.PointsAll));

    /// <summary>call_rcu with a callback that frees <paramref name="target"/>.</summary>
    public static void FreeAfterGracePeriod(KernelObject target)
        => Lifetimes.Free(target, target.Host.Current, afterGracePeriod: true);

    internal static void OnReadLock(KernelThread thread)
    {
        if (thread.RcuDepth++ == 0)
            thread.EnterAtomic();
    }

    internal static void OnReadUnlock(KernelThread thread)
    {
        if (thread.RcuDepth == 0)
        {
            thread.Host.Report(new Finding("lock-misuse", $"{thread.Name} leaves an RCU read section that it is not in"));
            return;
        }

        if (--thread.RcuDepth > 0)
            return;
        thread.LeaveAtomic();
        thread.Tick();
    }
}
