using System.Runtime.InteropServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>Which sites a run reaches, and what is taken out of it. Nothing of this is in a kernel that is whole.</summary>
/// <param name="takenOut">The sites to take out; none: then it only looks.</param>
public sealed class SiteWatch(params ReadOnlySpan<SiteKey> takenOut)
{
    /// <summary>
    /// The rule that is broken where a kernel with something taken out comes to a state that the model has no next step for: an
    /// assertion fails, a pointer is null. In a kernel that is whole that would be a mistake of the model.
    /// </summary>
    public const string Impossible = "impossible-state";

    private readonly SiteKey[] takenOut = [.. takenOut];
    private readonly HashSet<SiteKey> reached = [];
    private readonly HashSet<SiteKey> used = [];
    private readonly Dictionary<(KernelObject Object, ushort Offset), Uses> locks = [];

    /// <summary>The sites that were reached.</summary>
    public IReadOnlySet<SiteKey> Reached => reached;

    /// <summary>
    /// Those that were of some use: a check that came out otherwise than without it; a lock that in one execution two threads took,
    /// wherever. Of read sections and orders nothing is known: they are among these.
    /// </summary>
    public IReadOnlySet<SiteKey> Used => used;

    /// <summary>A new execution begins.</summary>
    internal void Begin()
    {
        if (takenOut.Length == 0)
            locks.Clear();
    }

    internal bool TakesOut(string function, int line, bool isUsed = true) => TakesOut(new SiteKey(function, line), isUsed);

    internal bool Decide(SiteKey site, bool condition, bool otherwise)
        => TakesOut(site, isUsed: condition != otherwise) ? otherwise : condition;

    internal void Acquire(SiteKey site, KernelObject owner, ushort offset, KernelThread thread, bool hasLockless)
    {
        if (takenOut.Length > 0)
            return;
        ref var uses = ref CollectionsMarshal.GetValueRefOrAddDefault(locks, (owner, offset), out _);
        uses ??= new Uses();
        uses.Sites.Add(site);
        uses.Threads |= 1UL << thread.Index;
        if (hasLockless || (uses.Threads & (uses.Threads - 1)) != 0)
            used.UnionWith(uses.Sites);
    }

    private bool TakesOut(SiteKey site, bool isUsed)
    {
        if (takenOut.Length > 0)
            return Array.IndexOf(takenOut, site) >= 0;
        reached.Add(site);
        if (isUsed)
            used.Add(site);
        return false;
    }

    // Of one lock in one execution.
    private sealed class Uses
    {
        public HashSet<SiteKey> Sites { get; } = [];

        public ulong Threads;
    }
}
