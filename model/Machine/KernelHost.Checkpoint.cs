namespace Fscrypt.Sim.Model.Machine;

// The state after the set-up is kept, and each execution begins with it.
public abstract partial class KernelHost
{
    private uint rcuAtCheckpoint;

    /// <summary>
    /// Keeps the state as it is, with no thread alive. All that happened up to now happened before all that comes, so the
    /// watchers forget it.
    /// </summary>
    public void Checkpoint()
    {
        Invariant.Holds(LiveThreads == 0 && Finding == null, "the state is kept when every thread has ended, and nothing was found");
        foreach (var target in objects)
        {
            Layout.Of(target.GetType()).ForgetClocks(target);
            target.ForgetExtraClocks();
            target.LastAccess = 0;
            target.Accesses = null;
        }

        HasCheckpoint = true;
        rcuAtCheckpoint = RcuSequence;
        foreach (var target in objects)
            Keep(target);
        foreach (var slab in slabs)
            slab.Checkpoint();
        Secrets.Checkpoint();
        LockOrder.Checkpoint();
        Forget();
    }

    /// <summary>Puts everything back to the state of the <see cref="Checkpoint"/>.</summary>
    public void Restore()
    {
        Invariant.Holds(HasCheckpoint, "only a state that was kept is restored");
        foreach (var slab in slabs)
            slab.Restore();
        foreach (var target in objects)
            RestoreObject(target);
        Secrets.Restore();
        LockOrder.Restore();
        RcuSequence = rcuAtCheckpoint;
        Forget();
    }

    internal static void RestoreObject(KernelObject target)
    {
        Layout.Of(target.GetType()).Copy(target.Shadow!, target);
        target.RestoreExtra();
    }

    internal static void Keep(KernelObject target)
    {
        target.Shadow = target.Clone();
        target.SaveExtra();
    }

    private void Forget()
    {
        Frames.Reset();
        Clocks.Reset();
        Finding = null;
        Steps = 0;
        ThreadCount = 0;
        LiveThreads = 0;
        EnabledThreads = 0;
        Current = threads[0];
        Current.Begin("boot", null, Clocks.Width);
    }
}
