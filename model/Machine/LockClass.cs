namespace Fscrypt.Sim.Model.Machine;

/// <summary>A class of locks, as lockdep knows them: all i_locks are one class, and the order of locks is between classes.</summary>
public sealed class LockClass
{
    /// <summary>Declares a class.</summary>
    /// <param name="number">0 to 63, different for each class of a machine.</param>
    /// <param name="name">The kernel's name of the lock.</param>
    /// <param name="tried">
    /// Whether anybody tries locks of this class or looks whether they are held (trylock, the lockless forms of lockref).
    /// Their releases are scheduling points. A class that nobody sees held needs none: acquire is then a right mover,
    /// release a left mover (Lipton 1975), and a critical section without a point in it is atomic.
    /// </param>
    public LockClass(int number, string name, bool tried = false)
    {
        Invariant.Holds(number is >= 0 and < Limit, "lock classes are numbered from 0 to 63");
        Number = number;
        Name = name;
        Tried = tried;
    }

    /// <summary>Lock classes a machine can have.</summary>
    public const int Limit = 64;

    /// <summary>The number of the class.</summary>
    public int Number { get; }

    /// <summary>The kernel's name of the lock.</summary>
    public string Name { get; }

    /// <summary>Whether the lock is ever tried, or seen held.</summary>
    public bool Tried { get; }

    /// <summary>
    /// For tests of what <see cref="Tried"/> is for: lets locks of the class be tried although it was declared that nobody
    /// does. Outcomes are then lost.
    /// </summary>
    internal bool TriedUndeclared { get; init; }

    public override string ToString() => Name;
}

/// <summary>What a lock keeps of its class: the number, and in the bit above it whether locks of the class are tried.</summary>
internal enum LockNumber : byte;

internal static class LockNumbers
{
    public static LockNumber Of(LockClass @class) => (LockNumber)(@class.Number | (@class.Tried ? LockClass.Limit : 0));

    public static bool IsTried(this LockNumber number) => ((int)number & LockClass.Limit) != 0;

    public static int Index(this LockNumber number) => (int)number & (LockClass.Limit - 1);
}
