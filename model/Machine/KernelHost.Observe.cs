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
            Attentive = value != null || PointsAll;
        }
    }

    /// <summary>All objects in use, in the order in which they were made, slab by slab.</summary>
    internal IEnumerable<KernelObject> ObjectsInUse => objects.Concat(slabs.SelectMany(s => s.MadeSinceCheckpoint));

    private long ApplyAttentively(KernelThread thread)
    {
        if (observer == null || thread.Announced.Quiet)
            return ApplyEffect(thread);
        var watched = thread.Announced;                  // the effect may let the thread announce its next one
        observer.OnStep(thread, in watched);
        var effect = ApplyEffect(thread);
        observer.OnApplied(thread, in watched, effect);
        return effect;
    }
}
