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

    readonly ushort ICell.Offset => offset;

    /// <summary>Puts a copy of key material here.</summary>
    /// <param name="key">Number of the master key that it belongs to, or is derived from; 0 to 63.</param>
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
        if (thread.Host.Attentive)
            thread.Host.PlainWritten(owner, offset);
    }

    /// <summary>memzero_explicit.</summary>
    public void Wipe()
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, offset, write: true);
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

    private void Forget(KernelHost host)
    {
        if (key != 0)
            host.Secrets.Copies(key - 1, kind)--;
        key = 0;
    }
}

/// <summary>How many copies of each key's material are in memory, live or freed.</summary>
public sealed class SecretLedger
{
    private const int Kinds = 3;
    private readonly int[] copies = new int[KeysMax * Kinds];
    private readonly int[] atCheckpoint = new int[KeysMax * Kinds];

    /// <summary>Keys a scenario can have.</summary>
    public const int KeysMax = 64;

    /// <summary>Copies of one kind of material of one key.</summary>
    public int Count(int key, SecretKind kind) => copies[(key * Kinds) + (int)kind];

    /// <summary>Copies of any material of one key.</summary>
    public int Count(int key) => Count(key, SecretKind.Master) + Count(key, SecretKind.PerFile);

    internal ref int Copies(int key, SecretKind kind)
    {
        Invariant.Holds(key is >= 0 and < KeysMax, "a machine has at most 64 keys");
        return ref copies[(key * Kinds) + (int)kind];
    }

    internal void Write(StateEncoder encoder)
    {
        for (var i = 0; i < copies.Length; i++)
        {
            if (copies[i] != 0)
                encoder.Add((ulong)i << 32 | (uint)copies[i]);
        }
    }

    internal void Checkpoint() => copies.CopyTo(atCheckpoint, 0);

    internal void Restore() => atCheckpoint.CopyTo(copies, 0);
}
