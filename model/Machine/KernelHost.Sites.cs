using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

// What can be taken out of the kernel at one place in its code. Without a watch each of these is one comparison with null.
public abstract partial class KernelHost
{
    /// <summary>Who looks at sites, and takes one out; null for nobody. It is given after the set-up; that and the last part run whole.</summary>
    public SiteWatch? Sites { get; set; }

    /// <summary>A check of the state on which the kernel decides.</summary>
    /// <param name="what">What is checked, in a few words; with the kernel's function it names the site.</param>
    /// <param name="condition">Whether it is so. It is evaluated, with the reads in it, also where its decision is taken out.</param>
    /// <param name="otherwise">What the decision is without the check.</param>
    /// <param name="function">The compiler fills it in.</param>
    /// <param name="line">The compiler fills it in.</param>
    /// <returns>The condition, or <paramref name="otherwise"/> where the check is taken out.</returns>
    [Site]
    public bool Check(string what, bool condition, bool otherwise = false, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => Sites == null || solo ? condition : Sites.Decide(new SiteKey(function, line), condition, otherwise);

    /// <summary>Which of two statements comes first.</summary>
    /// <param name="what">The order, in a few words; with the kernel's function it names the site.</param>
    /// <param name="first">Whether it is the first.</param>
    /// <param name="function">The compiler fills it in.</param>
    /// <param name="line">The compiler fills it in.</param>
    /// <returns>The same, or the opposite where the order is taken out.</returns>
    [Site]
    public bool Order(string what, bool first = true, [CallerMemberName] string function = "", [CallerLineNumber] int line = 0)
        => Keeps(function, line) == first;

    /// <summary>Whether the kernel has what is at a site.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Keeps(string function, int line) => Sites == null || KeepsAt(function, line);

    // What runs alone needs no lock: the last part is whole.
    private bool KeepsAt(string function, int line) => solo || !Sites!.TakesOut(function, line);

    /// <summary>The same for a read section, whose end has to know it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool KeepsSection(string function, int line) => Sites == null || KeepsSectionAt(function, line);

    private bool KeepsSectionAt(string function, int line)
    {
        var keeps = KeepsAt(function, line);
        Current.PushReadSection(!keeps);
        return keeps;
    }

    /// <summary>Whether the kernel has the lock that is acquired at a site.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool KeepsLock(KernelObject owner, ushort offset, OperationKind kind, string function, int line)
        => Sites == null || KeepsLockAt(owner, offset, kind, function, line);

    private bool KeepsLockAt(KernelObject owner, ushort offset, OperationKind kind, string function, int line)
    {
        if (!solo)
            Sites!.Acquire(new SiteKey(function, line), owner, offset, Current, hasLockless: kind is OperationKind.LockRefAcquire or OperationKind.LockRefTry);
        return solo || !Sites!.TakesOut(function, line, isUsed: false);
    }

    /// <summary>Whether a thread is in what a lock guards whose acquire is taken out: nobody may expect that to be in order.</summary>
    public bool IsAnybodyWithoutALock
    {
        get
        {
            for (var i = 0; i < ThreadCount; i++)
            {
                if (byIndex[i].IsWithoutALock)
                    return true;
            }

            return false;
        }
    }

    /// <summary>The running thread goes past an acquire: a point, and as if it had the lock.</summary>
    internal KernelThread AnnounceTakenOut(KernelObject owner, ushort offset)
    {
        Current.TakeOut(owner, offset);
        return Root.Announce(0, OperationKind.TakenOut, argument: 1);
    }
}
