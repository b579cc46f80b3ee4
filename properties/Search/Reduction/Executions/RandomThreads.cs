using Fscrypt.Sim.Model.Machine;
using SpinLock = Fscrypt.Sim.Model.Machine.SpinLock;

namespace Fscrypt.Sim.Properties.Search.Reduction.Executions;

/// <summary>Random threads on two elements of a table and a list, which are looked up with and without a lock, and freed.</summary>
internal static class RandomThreads
{
    private const int Kinds = 17;

    /// <summary>The threads of a number.</summary>
    public static Func<KernelHost, Func<KTask>[]> Of(int seed) => host =>
    {
        var random = new Random(seed);
        var place = new Place(host);
        var threads = new Func<KTask>[random.Next(2, 4)];
        for (var i = 0; i < threads.Length; i++)
        {
            var kinds = new int[random.Next(1, threads.Length == 2 ? 4 : 3)];
            for (var j = 0; j < kinds.Length; j++)
                kinds[j] = random.Next(Kinds);
            threads[i] = () => place.DoAll(kinds);
        }

        return threads;
    };

    private sealed class Place : KernelObject
    {
        private static readonly LockClass TriedClass = new(56, "tried", tried: true);
        private static readonly LockClass LockClass = new(57, "lock");
        private static readonly LockClass ReferenceClass = new(58, "reference");

        private readonly Slab<Element> slab;
        private readonly HashTable<Element> table;
        private SpinLock tried = new(TriedClass);
        private SpinLock @lock = new(LockClass);
        private LockRef reference = new(ReferenceClass);
        private Shared<int> shared;
        private Pointer<Element> pointer;
        private Atomic count = new(1);
        private ChangeCounter changes;
        private WaitQueue queue;
        private Plain<int> plain;
        private Plain<int> other;
        [LinkedBy(nameof(Element.Link))]
        private KernelList<Element> list;

        public Place(KernelHost host)
            : base(host)
        {
            slab = new Slab<Element>(host, h => new Element(h));
            table = new HashTable<Element>(host, "table", 4, nameof(Element.Hash));
        }

        public override string Name => "place";

        public async KTask DoAll(int[] kinds)
        {
            foreach (var kind in kinds)
                await Do(kind);
        }

        private async KTask Do(int kind)
        {
            switch (kind)
            {
                case 0:
                    await shared.WriteOnce(await shared.ReadOnce() + 1);
                    break;
                case 1:
                    await @lock.Acquire();
                    plain.Value += 1 + plain.Value;
                    await @lock.Release();
                    break;
                case 2:
                    if (await tried.TryAcquire())
                    {
                        plain.Value++;
                        await tried.Release();
                    }

                    break;
                case 3:
                    await tried.Acquire();
                    other.Value++;
                    await tried.Release();
                    break;
                case 4 or 5:
                    await @lock.Acquire();
                    var made = slab.Allocate();
                    made.Value.Value = 1;
                    table.AddFirst(made);
                    list.AddLast(made);
                    await @lock.Release();
                    await pointer.StoreRelease(made);
                    break;
                case 6:
                    await Host.Rcu.ReadLock();
                    if (await table.FindRcu(1) is { } found && await found.Count.GetUnlessZero())
                        _ = found.Value.Value;
                    await Host.Rcu.ReadUnlock();
                    break;
                case 7 or 8:
                    await @lock.Acquire();
                    var first = list.First;
                    if (first != null)
                    {
                        list.Remove(first);
                        table.Remove(first);
                        if (kind == 7)
                            slab.FreeAfterGracePeriod(first);
                        else
                            slab.Free(first);
                    }

                    await @lock.Release();
                    break;
                case 9:
                    if (await pointer.LoadAcquire() is { } seen)
                    {
                        await Host.Rcu.ReadLock();
                        _ = seen.Value.Value;
                        await Host.Rcu.ReadUnlock();
                    }

                    break;
                case 10:
                    await count.Increment();
                    break;
                case 11:
                    await count.DecrementUnlessOne();
                    break;
                case 12:
                    await reference.Get();
                    break;
                case 13:
                    if (!await reference.PutOrLock())
                        await reference.Release();
                    break;
                case 14:
                    changes.Bump();
                    await queue.WakeAll();
                    break;
                case 15:
                    var now = changes.Now;
                    await queue.Prepare();
                    if (await shared.ReadOnce() == 0)
                        await changes.ChangedSince(now);
                    queue.Finish();
                    break;
                default:
                    await shared.WriteOnce(await Host.Choose(2));
                    break;
            }
        }
    }

    private sealed class Element(KernelHost host) : KernelObject(host), IHashed
    {
#pragma warning disable CS0649 // The table and the list write them, in place.
        public HashLink Hash;
        public ListLink Link;
#pragma warning restore CS0649
        public Plain<int> Value;
        public Atomic Count = new(1);

        public ulong HashKey => 1;

        public override string Name => "element";
    }
}
