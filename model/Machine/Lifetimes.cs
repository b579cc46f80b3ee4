namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Finds the touch of a dead object (as KASAN). Freeing counts as a write of all of an object's fields: a use that nothing
/// orders before the free is found even when it came first.
/// </summary>
/// <remarks>
/// An object handed to call_rcu may be touched by read sections that began before. For such objects a thread's accesses up
/// to the end of its last read section are ordered before the free: the grace period waits for that section.
/// </remarks>
internal static class Lifetimes
{
    public static void Touched(KernelObject target, KernelThread thread)
    {
        target.WillChange();
        if (target.Life != Life.Alive && !MayStillTouch(target, thread))
        {
            var how = target.Life == Life.Freed ? "freed" : "waiting for an RCU grace period";
            thread.Host.Report(new Finding("use-after-free", $"{thread.Name} touches {target.Name}, which is {how}") { Object = target });
        }

        if (target.Life == Life.Alive)
            Remember(target, thread);
        else if (thread.Host.Attentive && target.Life == Life.WaitingForRcu)
            thread.Host.TouchedLate(target, thread);
    }

    public static void Free(KernelObject target, KernelThread thread, bool afterGracePeriod)
    {
        var host = thread.Host;
        if (host.Attentive)
            host.Freed(target, afterGracePeriod);
        if (target.Life != Life.Alive)
        {
            host.Report(new Finding("use-after-free", $"{thread.Name} frees {target.Name} a second time") { Object = target });
            return;
        }

        target.WillChange();
        target.FreedByRcu = afterGracePeriod;
        if (target.Accesses != 0)
        {
            var accesses = host.Clocks.Row(target.Accesses);
            for (var other = 0; other < accesses.Length; other++)
                CheckUse(target, thread, Epochs.Of(other, accesses[other]));
            host.Clocks.Drop(target.Accesses);
            target.Accesses = 0;
        }
        else if (target.LastAccess != 0)
        {
            CheckUse(target, thread, target.LastAccess);
        }

        target.LastAccess = 0;
        target.Life = afterGracePeriod ? Life.WaitingForRcu : Life.Freed;
        target.RcuSequence = ++host.RcuSequence;
    }

    private static bool MayStillTouch(KernelObject target, KernelThread thread)
        => target.Life == Life.WaitingForRcu && thread.AtomicDepth > 0 && thread.RcuSince < target.RcuSequence;

    private static void CheckUse(KernelObject target, KernelThread thread, uint use)
    {
        if (Epochs.Clock(use) == 0 || thread.Knows(use))
            return;
        var user = thread.Host.Threads[Epochs.Thread(use)];
        if (target.FreedByRcu && (user.AtomicDepth > 0 || Epochs.Clock(use) <= user.RcuCoveredUpTo))
            return;
        thread.Host.Report(new Finding(
            "use-after-free", $"{thread.Name} frees {target.Name}, and nothing orders that after its use by {user.Name}")
        {
            Object = target, Other = user.Index, OtherClock = Epochs.Clock(use),
        });
    }

    private static void Remember(KernelObject target, KernelThread thread)
    {
        if (target.Accesses != 0)
        {
            thread.Host.Clocks.Row(target.Accesses)[thread.Index] = thread.Clock[thread.Index];
        }
        else if (target.LastAccess != 0 && !thread.Knows(target.LastAccess))
        {
            var earlier = target.LastAccess;
            target.Accesses = thread.Host.Clocks.Blank();
            var accesses = thread.Host.Clocks.Row(target.Accesses);
            accesses[Epochs.Thread(earlier)] = Epochs.Clock(earlier);
            accesses[thread.Index] = thread.Clock[thread.Index];
        }

        target.LastAccess = thread.Epoch;
    }
}
