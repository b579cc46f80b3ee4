using System.Globalization;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>What a secret byte string is.</summary>
public enum SecretKind : byte
{
    /// <summary>Nothing secret.</summary>
    None,

    /// <summary>The master key as the user gave it, or the HKDF state made of it.</summary>
    Master,

    /// <summary>A key that is derived for one file.</summary>
    PerFile,

    /// <summary>A key that all files of one mode have, or the raw key that such files use as it is.</summary>
    PerMode,

    /// <summary>The key on the stack of who is adding it: a copy that a removal can promise nothing of until he has ended.</summary>
    Passed,

    /// <summary>A key in a keyring of a process, or derived from one there: it is the user's, and no removal sees it.</summary>
    OfUser,
}

/// <summary>
/// A copy of a secret byte string inside an object. The machine counts the copies of each key's material: a copy lives
/// until it is wiped, even when the memory around it is freed.
/// </summary>
public struct Secret : ICell
{
    [Wiring] private KernelObject owner;
    private int key;                                     // number of the key + 1; 0: no bytes
    [Epoch] private uint write;
    [Epoch] private uint read;
    private SecretKind kind;
    [Wiring] private ushort offset;

    /// <summary>Whether there are bytes in it.</summary>
    public bool IsPresent
    {
        get
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, offset, write: false);
            RaceDetector.Read(owner, offset, thread, write, ref read);
            return key != 0;
        }
    }

    /// <summary>Whether there are bytes in it, for rules and reports.</summary>
    public readonly bool Peek => key != 0;

    /// <summary>Puts a copy of key material here.</summary>
    /// <param name="key">Number of the master key that it belongs to, or is derived from; below <see cref="SecretLedger.KeysMax"/>.</param>
    /// <param name="kind">What it is.</param>
    public void Fill(int key, SecretKind kind)
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, offset, write: true);
        RaceDetector.Write(owner, offset, thread, ref write, ref read);
        Forget(thread.Host);
        this.key = key + 1;
        this.kind = kind;
        thread.Host.Secrets.Copies(key, kind)++;
        thread.Host.Cost?.OnCopies(kind == SecretKind.OfUser ? 0 : 1);
        thread.Host.SecretAccessed(key, AccessKind.Add);
        if (thread.Host.Attentive)
            thread.Host.PlainWritten(owner, offset);
    }

    /// <summary>Puts a copy of what is in another one here, if anything is.</summary>
    public void CopyFrom(ref Secret other)
    {
        if (other.IsPresent)
            Fill(other.key - 1, other.kind);
    }

    /// <summary>memzero_explicit, kfree_sensitive: a step of its own, before which others may look.</summary>
    public readonly Step Wipe() => new(owner.Announce(offset, OperationKind.SecretWipe));

    /// <summary>The same where it follows at once on what nobody else can come between: memory that no other thread can reach.</summary>
    public void WipeNow()
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, offset, write: true);
        OnWipe(thread);
    }

    internal void OnWipe(KernelThread thread)
    {
        RaceDetector.Write(owner, offset, thread, ref write, ref read);
        Forget(thread.Host);
        if (thread.Host.Attentive)
            thread.Host.PlainWritten(owner, offset);
    }

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public void ForgetClocks() => write = read = 0;

    readonly string ICell.Show() => key == 0 ? "wiped" : "key bytes";

    /// <summary>What is in it, for rules and reports.</summary>
    internal readonly (int Key, SecretKind Kind) Contents => key == 0 ? (-1, SecretKind.None) : (key - 1, kind);

    private void Forget(KernelHost host)
    {
        if (key != 0)
        {
            host.Secrets.Copies(key - 1, kind)--;
            host.Cost?.OnCopies(kind == SecretKind.OfUser ? 0 : -1);
            host.SecretAccessed(key - 1, AccessKind.Add);
        }

        key = 0;
    }
}

/// <summary>How many copies of each key's material are in memory, live or freed.</summary>
public sealed class SecretLedger
{
    private const int Kinds = (int)SecretKind.OfUser + 1;
    private readonly int[] copies = new int[KeysMax * Kinds];
    private readonly int[] atCheckpoint = new int[KeysMax * Kinds];
    private int used;                                    // only those below it were ever counted

    /// <summary>Keys a machine can have.</summary>
    public const int KeysMax = 512;

    /// <summary>The numbers of all keys that ever had a copy are below it.</summary>
    public int Keys => used / Kinds;

    /// <summary>What reports call a key.</summary>
    public Func<int, string> NameOf { get; set; } = key => string.Create(CultureInfo.InvariantCulture, $"key {key}");

    /// <summary>Copies of one kind of material of one key.</summary>
    public int Count(int key, SecretKind kind) => copies[(key * Kinds) + (int)kind];

    /// <summary>Copies of any material of one key but what is the user's own.</summary>
    public int Count(int key)
        => Count(key, SecretKind.Master) + Count(key, SecretKind.PerFile) + Count(key, SecretKind.PerMode) + Count(key, SecretKind.Passed);

    internal ref int Copies(int key, SecretKind kind)
    {
        Invariant.Holds(key is >= 0 and < KeysMax, "a machine has at most 512 keys");
        used = Math.Max(used, (key + 1) * Kinds);
        return ref copies[(key * Kinds) + (int)kind];
    }

    internal void Write(StateEncoder encoder)
    {
        for (var i = 0; i < used; i++)
        {
            if (copies[i] != 0)
                encoder.Add((ulong)i << 32 | (uint)copies[i]);
        }
    }

    internal void Checkpoint() => copies.CopyTo(atCheckpoint, 0);

    internal void Restore() => atCheckpoint.AsSpan(0, used).CopyTo(copies);
}

/// <summary>A copy of key material, found by looking through all memory, live and freed.</summary>
/// <param name="Owner">The object that it is in.</param>
/// <param name="Field">The kernel's name of the field.</param>
/// <param name="Key">Number of the master key.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct SecretCopy(KernelObject Owner, string Field, int Key, SecretKind Kind);
