namespace Fscrypt.Sim.Model.Machine;

// The state after the set-up is kept, and each execution begins with it. Only what an execution changed is put back, so
// that a large kernel costs no more than a small one in which as much happens.
public abstract partial class KernelHost
{
    private readonly List<KernelObject> objects = [];
    private readonly List<KeptState> unwatched = [];
    private KeptState?[] kept = [];                        // by the objects' identities
    private KeptState[] changed = new KeptState[64];
    private int changedCount;
    private uint rcuAtCheckpoint;
    private int lastNumber;

    /// <summary>Whether the state was kept: from then on objects that are made belong to one execution.</summary>
    internal bool HasCheckpoint { get; private set; }

    /// <summary>
    /// Keeps the state as it is, with no thread alive. All that happened up to now happened before all that comes, so the
    /// watchers forget it.
    /// </summary>
    public void Checkpoint()
    {
        Invariant.Holds(LiveThreads == 0 && Finding == null, "the state is kept when every thread has ended, and nothing was found");
        Invariant.Holds(!HasCheckpoint, "the state is kept once");
        foreach (var target in objects)
        {
            target.Layout.ForgetClocks(target);
            target.ForgetExtraClocks();
            target.LastAccess = 0;
            target.Accesses = 0;
        }

        HasCheckpoint = true;
        LastAtCheckpoint = lastNumber;
        rcuAtCheckpoint = RcuSequence;
        foreach (var target in objects)
        {
            Keep(target);
            if (target.Layout.HasRawFields)
                unwatched.Add(target.Kept!);
        }

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
        for (var i = 0; i < changedCount; i++)
        {
            changed[i].Target.Changed = false;
            changed[i].Restore();
        }

        changedCount = 0;
        foreach (var target in unwatched)
            target.Restore();
        Secrets.Restore();
        LockOrder.Restore();
        RcuSequence = rcuAtCheckpoint;
        Forget();
        Sites?.Begin();
        Cost?.Begin();
    }

    /// <summary>The objects that were there at the checkpoint, in the order in which they were made.</summary>
    internal IReadOnlyList<KernelObject> Permanent => objects;

    /// <summary>The slabs, in the order in which they were made.</summary>
    internal IReadOnlyList<ISlab> Slabs => slabs;

    /// <summary>The first object that is alive and that nobody finds any more, or null. For rules: no system call is under way.</summary>
    internal KernelObject? FirstLost()
    {
        foreach (var slab in slabs)
        {
            if (slab.FirstLost() is { } lost)
                return lost;
        }

        return null;
    }

    /// <summary>Objects whose state is not that of the checkpoint: none, right after it was restored.</summary>
    internal IEnumerable<KernelObject> Different() => objects.Where(o => !o.Layout.Same(o.Kept!.State, o));

    internal static void Keep(KernelObject target)
    {
        var host = target.Host;
        if (target.Identity >= host.kept.Length)
            Array.Resize(ref host.kept, Math.Max(host.lastNumber + 1, 2 * host.kept.Length));
        host.kept[target.Identity] = new KeptState(target, target.Layout, target.Clone());
        target.SaveExtra();
    }

    internal KeptState? KeptOf(KernelObject target) => target.Identity < kept.Length ? kept[target.Identity] : null;

    internal int Register(KernelObject target)
    {
        if (!HasCheckpoint)
            objects.Add(target);
        return checked(++lastNumber);
    }

    internal void Register(ISlab slab) => slabs.Add(slab);

    /// <summary>An object is changed for the first time in this execution.</summary>
    internal void Changes(KernelObject target)
    {
        if (target.Kept is not { } state)
            return;                                      // made before the checkpoint, or for this execution only
        if (changedCount == changed.Length)
            Array.Resize(ref changed, 2 * changedCount);
        changed[changedCount++] = state;
        target.Changed = true;
    }

    private void Forget()
    {
        Frames.Reset();
        Clocks.Reset();
        Finding = null;
        Deadlocked = false;
        GivenUp = null;
        decided = false;
        Steps = StepsToCycle = 0;
        ThreadCount = 0;
        LiveThreads = 0;
        EnabledThreads = 0;
        waiting = 0;
        starting = solo = false;
        Current = threads[0];
        Current.Begin("boot", null, Clocks.Width);
    }
}
