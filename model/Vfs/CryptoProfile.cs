using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>struct blk_crypto_key: a key that the block layer encrypts with. Its owner evicts it from the slots before he frees it.</summary>
public sealed class BlockKey(KernelHost host) : KernelObject(host)
{
    [KernelName("blk_key")]
    public Secret Key;

    public override string Name => "blk_key";
}

/// <summary>
/// block/blk-crypto-profile.c: the slots that keys are programmed into while I/O uses them. A key stays in its slot when nobody uses
/// it, until somebody needs the slot or its owner evicts it.
/// </summary>
public sealed class CryptoProfile : KernelObject
{
    // More than can be in use at once: nobody waits for a slot.
    private const int SlotsMax = 16;

    private readonly Slot[] slots;
    private readonly bool alwaysUnlinks;

    internal CryptoProfile(KernelHost host, bool alwaysUnlinks)
        : base(host)
    {
        this.alwaysUnlinks = alwaysUnlinks;
        slots = new Slot[SlotsMax];
        for (var i = 0; i < SlotsMax; i++)
            slots[i] = new Slot(host, i);
    }

    /// <summary>Shared by who looks for a slot, exclusive to who changes what is in them.</summary>
    [KernelName("profile->lock")]
    public RwSemaphore Lock = new(VfsLocks.CryptoProfile);

    public override string Name => "crypto profile";

    /// <summary>The slot that a key is in, which is in use from now on.</summary>
    [KernelSource("block/blk-crypto-profile.c", "blk_crypto_get_keyslot", Omits = "waiting for a slot; the list of idle ones: the first is taken")]
    internal async KTask<Slot> Get(BlockKey key)
    {
        await Lock.AcquireRead();
        var slot = await Grab(key);
        await Lock.ReleaseRead();
        if (slot != null)
            return slot;
        await Lock.AcquireWrite();
        slot = await Grab(key) ?? await Program(key);
        await Lock.ReleaseWrite();
        return slot;
    }

    /// <summary>An I/O does not use its slot any more.</summary>
    [KernelSource("block/blk-crypto-profile.c", "blk_crypto_put_keyslot")]
    internal static async KTask Put(Slot slot) => await slot.Users.AddReturn(-1);

    /// <summary>A key is about to be freed: it leaves its slot. All I/O with it has been reported complete.</summary>
    [KernelSource("block/blk-crypto-profile.c", "__blk_crypto_evict_key", Omits = "the warning")]
    internal async KTask Evict(BlockKey key)
    {
        await Lock.AcquireWrite();
        if (Find(key) is { } slot)
        {
            // The race is here, unless slots are put before I/O is reported complete: the last one's may still be in use.
            var isIdle = await slot.Users.Read() == 0;
            if (isIdle)
                await slot.Programmed.Wipe();                      // ->keyslot_evict
            if (isIdle || alwaysUnlinks)
                slot.Key.Value = null;
        }

        await Lock.ReleaseWrite();
    }

    /// <summary>The device lost its keys, and gets them anew: as often as a scenario lets it, whenever the scheduler likes.</summary>
    [KernelSource("block/blk-crypto-profile.c", "blk_crypto_reprogram_all_keys")]
    public async KTask ResetNowAndThen(int runsMax)
    {
        for (var run = 0; run < runsMax; run++)
        {
            if (await Host.Choose(2) == 0)
                return;
            await Lock.AcquireWrite();
            foreach (var slot in slots)
            {
                if (slot.Key.Value is { } key)
                    slot.Program(key);
            }

            await Lock.ReleaseWrite();
        }
    }

    private Slot? Find(BlockKey key)
    {
        foreach (var slot in slots)
        {
            if (ReferenceEquals(slot.Key.Value, key))
                return slot;
        }

        return null;
    }

    [KernelSource("block/blk-crypto-profile.c", "blk_crypto_find_and_grab_keyslot")]
    private async KTask<Slot?> Grab(BlockKey key)
    {
        if (Find(key) is not { } slot)
            return null;
        await slot.Users.AddReturn(1);
        return slot;
    }

    // An empty slot, or else one that nobody uses.
    private async KTask<Slot> Program(BlockKey key)
    {
        Slot? found = null;
        foreach (var slot in slots)
        {
            if (slot.Key.Value != null && (found != null || await slot.Users.Read() != 0))
                continue;
            found = slot;
            if (slot.Key.Value == null)
                break;
        }

        Invariant.Holds(found != null, "there are more slots than I/O can use at once");
        found!.Program(key);
        found.Key.Value = key;
        await found.Users.AddReturn(1);
        return found;
    }

    /// <summary>struct blk_crypto_keyslot.</summary>
    internal sealed class Slot(KernelHost host, int number) : KernelObject(host)
    {
        [KernelName("key")]
        public Plain<BlockKey?> Key;

        [KernelName("slot_refs")]
        public Atomic Users;

        /// <summary>What the hardware, or the fallback's cipher, has of the key.</summary>
        [KernelName("programmed key")]
        public Secret Programmed;

        public override string Name => $"slot:{number}";

        /// <summary>->keyslot_program: copies the key's bytes.</summary>
        internal void Program(BlockKey key) => Programmed.CopyFrom(ref key.Key);
    }
}
