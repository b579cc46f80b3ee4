namespace Fscrypt.Sim.Model.Machine;

/// <summary>An element of a <see cref="HashTable{T}"/>.</summary>
public interface IHashed
{
    /// <summary>What the element is hashed by; does not change while it is in the table.</summary>
    ulong HashKey { get; }
}

/// <summary>
/// hlist_head[]: chains of elements with one key, the newest first. Writers hold the table's lock. A reader holds it too,
/// or walks the chain inside an RCU read section, which is one operation: it sees the chain as it was at that step.
/// </summary>
public sealed class HashTable<T> : KernelObject
    where T : KernelObject, IHashed
{
    [NotState("written chain by chain")] private readonly Chain[] buckets;
    [NotState("the state of the checkpoint")] private readonly Chain[] atCheckpoint;
    private readonly ushort link;
    [Epoch] private uint write;
    [Epoch] private uint read;
    private SyncClock sync;

    /// <summary>Makes an empty table.</summary>
    /// <param name="host">Its machine.</param>
    /// <param name="name">The kernel's name of it.</param>
    /// <param name="buckets">A power of two.</param>
    /// <param name="link">Name of the elements' field of type <see cref="HashLink"/>; use nameof.</param>
    public HashTable(KernelHost host, string name, int buckets, string link)
        : base(host)
    {
        Name = name;
        this.buckets = new Chain[buckets];
        atCheckpoint = new Chain[buckets];
        this.link = Layout.LinkOffset<HashLink>(typeof(T), link);
    }

    public override string Name { get; }

    /// <summary>hlist_add_head(_rcu), under the table's lock.</summary>
    public void AddFirst(T element)
    {
        var thread = Written(element);
        ref var node = ref element.Cell<HashLink>(link);
        ref var bucket = ref Bucket(element.HashKey);
        if (node.Hashed)
            thread.Host.Report(new Finding("list-corruption", $"{thread.Name} hashes {element.Name} a second time") { Object = element });
        node.Hashed = true;
        node.Next = bucket;
        if (bucket != null)
            WriteTo(bucket);                             // its pprev
        bucket = element;
        sync.ReleaseMerged(thread);                      // rcu_assign_pointer: a lockless reader sees the element initialised
    }

    /// <summary>hlist_del_init(_rcu), under the table's lock.</summary>
    public void Remove(T element)
    {
        var thread = Written(element);
        ref var node = ref element.Cell<HashLink>(link);
        if (!node.Hashed)
        {
            thread.Host.Report(new Finding("list-corruption", $"{thread.Name} unhashes {element.Name}, which is not hashed") { Object = element });
            return;
        }

        ref var toElement = ref Bucket(element.HashKey);
        KernelObject? before = null;
        for (; !ReferenceEquals(toElement, element); toElement = ref before.Cell<HashLink>(link).Next)
            before = toElement!;
        if (before != null)
            WriteTo(before);
        if (node.Next != null)
            WriteTo(node.Next);                          // its pprev
        toElement = node.Next;
        node.Next = null;
        node.Hashed = false;
    }

    /// <summary>The newest element with <paramref name="key"/>, under the table's lock.</summary>
    public T? Find(ulong key)
    {
        var thread = Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(this, 0, write: false);
        RaceDetector.Read(this, 0, thread, write, ref read);
        return From(Bucket(key), key);
    }

    /// <summary>The next older element with the key of <paramref name="element"/>, under the table's lock.</summary>
    public T? FindAfter(T element)
    {
        var thread = Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(this, 0, write: false);
        RaceDetector.Read(this, 0, thread, write, ref read);
        return From(element.Cell<HashLink>(link).Next, element.HashKey);
    }

    /// <summary>The newest element with <paramref name="key"/>, inside an RCU read section.</summary>
    public StepTo<T> FindRcu(ulong key) => new(Announce(0, OperationKind.HashFindRacy, quiet: false, (long)key));

    /// <summary>The next older element with the key of <paramref name="element"/>, inside an RCU read section.</summary>
    public StepTo<T> FindAfterRcu(T element)
        => new(Announce(0, OperationKind.HashFindRacy, quiet: false, (long)element.HashKey, element));

    /// <summary>The newest element with <paramref name="key"/>, for rules and reports.</summary>
    public T? Peek(ulong key) => From(Bucket(key), key);

    /// <summary>The next older element, for rules and reports.</summary>
    public T? PeekAfter(T element) => From(element.Cell<HashLink>(link).Next, element.HashKey);

    /// <summary>All elements, chain by chain, for rules.</summary>
    public Elements PeekAll => new(buckets, link);

    internal override object? ApplyFind(KernelThread thread, in Operation operation)
    {
        sync.Acquire(thread);
        var from = operation.Reference is KernelObject after ? after.Cell<HashLink>(link).Next : Bucket((ulong)operation.Argument);
        return From(from, (ulong)operation.Argument);
    }

    internal override void SaveExtra() => buckets.CopyTo(atCheckpoint, 0);

    internal override void RestoreExtra() => atCheckpoint.CopyTo(buckets, 0);

    internal override void ForgetExtraClocks()
    {
        write = read = 0;
        sync.Forget();
    }

    internal override void WriteExtra(StateEncoder encoder)
    {
        encoder.AddEpoch(write);
        encoder.AddEpoch(read);
        encoder.AddPublished(ref sync);
        for (var i = 0; i < buckets.Length; i++)
        {
            if (buckets[i].First is not { } first)
                continue;
            encoder.Add((ulong)i);
            encoder.AddReference(first);
        }
    }

    private ref KernelObject? Bucket(ulong key)
        => ref buckets[(int)(key * 0x9E3779B97F4A7C15UL >> 40) & (buckets.Length - 1)].First;

    private T? From(KernelObject? element, ulong key)
    {
        while (element != null && ((T)element).HashKey != key)
            element = element.Cell<HashLink>(link).Next;
        return (T?)element;
    }

    // The kernel's chains are linked both ways: who is added or removed writes to the elements beside it, and one that was freed
    // while it was hashed is found. Here the way back is looked for, which makes every inode and dentry smaller.
    private void WriteTo(KernelObject element)
    {
        var host = element.Touch().Host;
        if (host.Attentive)
            host.Accessed(element, link, AccessKind.Write);
    }

    private KernelThread Written(T element)
    {
        var thread = Touch();
        element.Touch();
        if (thread.Host.Attentive)
        {
            thread.Host.PlainAccess(this, 0, write: true);
            thread.Host.Accessed(element, link, AccessKind.Write);
        }

        RaceDetector.Write(this, 0, thread, ref write, ref read);
        return thread;
    }

    /// <summary>The elements of a table that does not change meanwhile.</summary>
    public struct Elements
    {
        private readonly Chain[] buckets;
        private readonly ushort link;
        private KernelObject? element;
        private int bucket = -1;

        internal Elements(Chain[] buckets, ushort link) => (this.buckets, this.link) = (buckets, link);

        public readonly T Current => System.Runtime.CompilerServices.Unsafe.As<T>(element!);

        public readonly Elements GetEnumerator() => this;

        public bool MoveNext()
        {
            element = element?.Cell<HashLink>(link).Next;
            while (element == null && ++bucket < buckets.Length)
                element = buckets[bucket].First;
            return element != null;
        }
    }

    // An array of structs: the runtime checks the type of each element of an array of objects.
    internal struct Chain
    {
        public KernelObject? First;
    }
}

/// <summary>An element's place in a <see cref="HashTable{T}"/>: hlist_node.</summary>
public struct HashLink : ICell
{
    [Wiring] private KernelObject owner;
    internal KernelObject? Next;
    internal bool Hashed;
    [Wiring] private ushort offset;

    /// <summary>Whether the element is in its table: !hlist_unhashed, one word that is read with or without the lock.</summary>
    public readonly bool IsHashed
    {
        get
        {
            var thread = owner.Touch();
            if (thread.Host.Attentive)
                thread.Host.PlainAccess(owner, offset, write: false);
            return Hashed;
        }
    }

    /// <summary>The same without any lock that keeps the answer true: a point of its own.</summary>
    public Step<bool> IsHashedRacy() => new(owner.Announce(offset, OperationKind.HashedRacy));

    /// <summary>Whether the element is in its table, for rules and reports.</summary>
    public readonly bool Peek => Hashed;

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    public readonly void ForgetClocks()
    {
    }

    readonly string ICell.Show() => Hashed ? "hashed" : "unhashed";
}
