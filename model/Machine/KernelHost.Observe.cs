namespace Fscrypt.Sim.Model.Machine;

// Watching a machine at work: for recordings and for checks of the simulator itself.
public abstract partial class KernelHost
{
    private IStepObserver? observer;

    /// <summary>Who watches, or null. A machine that nobody watches spends nothing on it.</summary>
    public IStepObserver? Observer
    {
        get => observer;
        set
        {
            observer = value;
            Attend();
        }
    }

    /// <summary>All objects in use, in the order in which they were made, slab by slab.</summary>
    internal IEnumerable<KernelObject> ObjectsInUse => objects.Concat(slabs.SelectMany(s => s.MadeSinceCheckpoint));

    /// <summary>
    /// Makes a plain access a scheduling point, on a host on which a thread can wait in the middle of a property: when it
    /// returns, the thread has its turn. The object is looked at anew, since it may have been freed in between.
    /// </summary>
    protected void ReachPlainAccess(KernelObject owner, ushort offset)
        => Current.Announce(owner, Operation.Pack(offset, OperationKind.PlainAccess, quiet: false), 0, null).Apply();

    private long ApplyAttentively(KernelThread thread)
    {
        if (observer == null || thread.Announced.Quiet)
            return accesses != null ? ApplyAndLog(thread, accesses) : ApplyEffect(thread);
        var watched = thread.Announced;                  // the effect may let the thread announce its next one
        observer.OnStep(thread, in watched);
        var effect = accesses != null ? ApplyAndLog(thread, accesses) : ApplyEffect(thread);
        observer.OnApplied(thread, in watched, effect);
        return effect;
    }
}
