namespace Fscrypt.Sim.Model.Machine;

/// <summary>A place in a <see cref="KernelList{T}"/>, embedded in the element: list_head of an entry.</summary>
public struct ListLink : ICell, IStatePart
{
    internal KernelObject? Next;
    internal KernelObject? Previous;
    internal int Head;                                   // number of the object whose list it is on, or 0
    private uint write;
    private uint read;
    internal ushort HeadOffset;

    /// <summary>Whether the element is on a list, for rules and reports, which are no thread of the kernel.</summary>
    public readonly bool Peek => Head != 0;

    public readonly void Attach(KernelObject owner)
    {
    }

    public void ForgetClocks() => write = read = 0;

    readonly string ICell.Show() => Head == 0 ? "unlinked" : "linked";

    // Whose list it is on shows in the elements before it, and in the list: no state need name an object by its number.
    readonly void IStatePart.WriteState(StateEncoder encoder)
    {
        encoder.AddReference(Next);
        encoder.AddReference(Previous);
        encoder.Add(Head == 0 ? 0 : 1UL << 16 | HeadOffset);
        encoder.AddEpoch(write);
        encoder.AddEpoch(read);
    }

    // A link does not know its element: that would make it eight bytes larger, and there are seven for an inode and its dentry.
    internal void Written(KernelThread thread, KernelObject element, ushort link)
    {
        if (thread.Host.Attentive)
            thread.Host.Accessed(element, link, AccessKind.Write);
        RaceDetector.Write(element, link, thread, ref write, ref read);
    }

    internal bool IsLinked(KernelObject element, ushort link)
    {
        var thread = element.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(element, link, write: false);
        RaceDetector.Read(element, link, thread, write, ref read);
        return Head != 0;
    }

    internal readonly long OnEmptyRacy() => Head == 0 ? 1 : 0;
}

/// <summary>
/// list_head: a list threaded through its elements, so that adding and removing cost the same however long it is. The
/// list's lock guards head and links; the race detector sees each use as an access of the head and of the element.
/// </summary>
public struct KernelList<T> : ICell
    where T : KernelObject
{
    [Wiring] private KernelObject owner;
    private KernelObject? first;
    private KernelObject? last;
    private int count;
    [Epoch] private uint write;
    [Epoch] private uint read;
    [Wiring] private ushort link;
    [Wiring] private ushort offset;

    /// <summary>Elements on the list.</summary>
    public int Count
    {
        get
        {
            Read();
            return count;
        }
    }

    /// <summary>The first element, or null.</summary>
    public T? First
    {
        get
        {
            Read();
            return (T?)first;
        }
    }

    /// <summary>The last element, or null.</summary>
    public T? Last
    {
        get
        {
            Read();
            return (T?)last;
        }
    }

    /// <summary>Elements on the list, for rules and reports, which are no thread of the kernel.</summary>
    public readonly int PeekCount => count;

    /// <summary>The first element, for rules and reports.</summary>
    public readonly T? PeekFirst => (T?)first;

    /// <summary>The element after <paramref name="element"/>, or null.</summary>
    public T? After(T element)
    {
        Read();
        return (T?)Element(element, AccessKind.Read).Next;
    }

    /// <summary>The element after <paramref name="element"/>, for rules and reports.</summary>
    public readonly T? PeekAfter(T element) => (T?)element.Cell<ListLink>(link).Next;

    /// <summary>The element before <paramref name="element"/>, or null.</summary>
    public T? Before(T element)
    {
        Read();
        return (T?)Element(element, AccessKind.Read).Previous;
    }

    /// <summary>list_add: at the head, so that walks meet the newest first.</summary>
    public void AddFirst(T element)
    {
        ref var node = ref Link(element);
        node.Next = first;
        node.Previous = null;
        if (first != null)
            Neighbour(first).Previous = element;
        else
            last = element;
        first = element;
    }

    /// <summary>list_add_tail.</summary>
    public void AddLast(T element)
    {
        ref var node = ref Link(element);
        node.Previous = last;
        node.Next = null;
        if (last != null)
            Neighbour(last).Next = element;
        else
            first = element;
        last = element;
    }

    /// <summary>list_del_init.</summary>
    public void Remove(T element)
    {
        var thread = Written(element);
        ref var node = ref element.Cell<ListLink>(link);
        if (node.Head != owner.Identity || node.HeadOffset != offset)
        {
            thread.Host.Report(new Finding("list-corruption", $"{thread.Name} takes {element.Name} off a list that it is not on") { Object = element });
            return;
        }

        if (node.Previous != null)
            Neighbour(node.Previous).Next = node.Next;
        else
            first = node.Next;
        if (node.Next != null)
            Neighbour(node.Next).Previous = node.Previous;
        else
            last = node.Previous;
        node.Next = node.Previous = null;
        node.Head = 0;
        count--;
        node.Written(thread, element, link);
    }

    /// <summary>Whether the element is on this list, for rules and reports.</summary>
    public readonly bool PeekContains(T element)
    {
        ref var node = ref element.Cell<ListLink>(link);
        return node.Head == owner.Identity && node.HeadOffset == offset;
    }

    /// <summary>Whether <paramref name="element"/> is on this very list, asked under the list's lock.</summary>
    public bool Contains(T element)
    {
        Read();
        ref var node = ref Element(element, AccessKind.Read);
        return node.Head == owner.Identity && node.HeadOffset == offset;
    }

    /// <summary>
    /// !list_empty(&amp;entry): whether the element is on this list, or another one that is threaded through the same link, asked by a
    /// thread that holds the list's lock.
    /// </summary>
    public readonly bool IsLinked(T element) => element.Cell<ListLink>(link).IsLinked(element, link);

    /// <summary>The same the other way round, without the list's lock: a look that somebody else may prove wrong at once.</summary>
    public readonly Step<bool> IsUnlinkedRacy(T element) => new(element.Announce(link, OperationKind.ListEmptyRacy));

    /// <summary>
    /// The same asked by who keeps the element from being added and taken off, but not from being moved: without the list's lock, and
    /// no point of its own.
    /// </summary>
    public readonly bool IsLinkedSomewhere(T element)
    {
        if (element.Host.Attentive)
            element.Host.Accessed(element, link, AccessKind.Read);
        return element.Cell<ListLink>(link).Head != 0;
    }

    public void Attach(KernelObject owner)
    {
        this.owner = owner;
        offset = owner.OffsetOf(ref this);
    }

    /// <summary>Says which field of the elements the list is threaded through.</summary>
    public void ThreadThrough(ushort link) => this.link = link;

    public void ForgetClocks() => write = read = 0;

    readonly string ICell.Show() => count == 1 ? "1 element" : $"{Display.Of(count)} elements";

    private ref ListLink Link(T element)
    {
        var thread = Written(element);
        ref var node = ref element.Cell<ListLink>(link);
        if (node.Head != 0)
            thread.Host.Report(new Finding("list-corruption", $"{thread.Name} adds {element.Name} to a list while it is on one") { Object = element });
        node.Head = owner.Identity;
        node.HeadOffset = offset;
        node.Written(thread, element, link);
        count++;
        return ref node;
    }

    // Adding and removing write to the elements on both sides too: one that was freed while it was on the list is found.
    private readonly ref ListLink Neighbour(KernelObject element) => ref Element(element, AccessKind.Write);

    private readonly ref ListLink Element(KernelObject element, AccessKind kind)
    {
        var host = element.Touch().Host;
        if (host.Attentive)
            host.Accessed(element, link, kind);
        return ref element.Cell<ListLink>(link);
    }

    private KernelThread Written(T element)
    {
        var thread = owner.Touch();
        element.Touch();
        if (thread.Host.Attentive)
        {
            thread.Host.PlainAccess(owner, offset, write: true);
            thread.Host.Touched(element);
        }

        RaceDetector.Write(owner, offset, thread, ref write, ref read);
        return thread;
    }

    private void Read()
    {
        var thread = owner.Touch();
        if (thread.Host.Attentive)
            thread.Host.PlainAccess(owner, offset, write: false);
        RaceDetector.Read(owner, offset, thread, write, ref read);
    }
}
