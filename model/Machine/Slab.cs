using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A kmem_cache: where objects come from and whose lives are watched. An object's memory is not used again in the same
/// execution, so that a use after free is always seen; it is at the next one, so that nothing is allocated in steady state.
/// </summary>
public sealed class Slab<T> : ISlab
    where T : KernelObject
{
    private readonly KernelHost host;
    private readonly Func<KernelHost, T> create;
    private readonly Func<T, bool>? isFound;
    private readonly List<T> objects = [];
    private int used;
    private int atCheckpoint;

    /// <summary>Makes an empty slab of a machine.</summary>
    /// <param name="host">The machine.</param>
    /// <param name="create">Makes an object in its initial state.</param>
    /// <param name="isFound">
    /// Whether an object that is alive is where the kernel finds it again, once no system call is under way; null if that is not watched.
    /// </param>
    public Slab(KernelHost host, Func<KernelHost, T> create, Func<T, bool>? isFound = null)
    {
        this.host = host;
        this.create = create;
        this.isFound = isFound;
        host.Register(this);
    }

    /// <summary>All objects of this execution, dead ones included, in the order of their allocation.</summary>
    public ReadOnlySpan<T> Objects => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(objects)[..used];

    /// <summary>kmem_cache_alloc: an object in its initial state. Whether it fails is the caller's choice.</summary>
    public T Allocate()
    {
        T target;
        if (used < objects.Count)
        {
            target = objects[used];
        }
        else
        {
            target = create(host);
            if (host.HasCheckpoint)
                KernelHost.Keep(target);
            objects.Add(target);
        }

        used++;
        target.WillChange();
        var thread = host.Current;
        target.AllocatedBy = thread.Index;
        target.AllocationIndex = thread.Allocations++;
        return target;
    }

    /// <summary>kmem_cache_free.</summary>
    public void Free(T target) => Lifetimes.Free(target, host.Current, afterGracePeriod: false);

    /// <summary>call_rcu with kmem_cache_free.</summary>
    [Site]
    public void FreeAfterGracePeriod(T target, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => Lifetimes.Free(target, host.Current, afterGracePeriod: host.Keeps(function, line));

    int ISlab.Count => used;

    int ISlab.CountAtCheckpoint => atCheckpoint;

    KernelObject ISlab.this[int index] => objects[index];

    KernelObject? ISlab.FirstLost()
    {
        for (var i = 0; isFound != null && i < used; i++)
        {
            if (objects[i].IsAlive && !isFound(objects[i]))
                return objects[i];
        }

        return null;
    }

    IEnumerable<KernelObject> ISlab.MadeSinceCheckpoint => objects.Take(used).Skip(host.HasCheckpoint ? atCheckpoint : used);

    void ISlab.Checkpoint() => atCheckpoint = used;

    void ISlab.Restore() => used = atCheckpoint;
}

internal interface ISlab
{
    int Count { get; }

    int CountAtCheckpoint { get; }

    KernelObject this[int index] { get; }

    IEnumerable<KernelObject> MadeSinceCheckpoint { get; }

    KernelObject? FirstLost();

    void Checkpoint();

    void Restore();
}
