using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

// Look-ups of names that are not cached, side by side in one directory: one of them asks the file system, the others wait for it.
public sealed partial class DentryCache
{
    /// <summary>The bit locks of the buckets of the dentries that are being looked up: one lock here.</summary>
    [KernelName("in_lookup_hashtable bucket")]
    public SpinLock InLookupLock = new(VfsLocks.InLookup);

    /// <summary>Dentries that are being looked up. As in the kernel, the link is the one that aliases have later.</summary>
    [KernelName("in_lookup_hashtable")]
    [LinkedBy(nameof(Dentry.AliasLink))]
    public KernelList<Dentry> InLookup;

    /// <summary>d_wait of all dentries that are being looked up: who is woken looks whether it was his.</summary>
    [KernelName("d_wait")]
    public WaitQueue LookupQueue;

    /// <summary>
    /// Held while a dentry goes from the one table to the other. In the kernel that is i_dir_seq being odd, which whoever wants
    /// to make it odd spins on.
    /// </summary>
    [KernelName("i_dir_seq odd")]
    public SpinLock DirectoryAddLock = new(VfsLocks.DirectoryAdd);

    /// <summary>i_dir_seq of all directories.</summary>
    [KernelName("i_dir_seq")]
    public SeqCount DirectoryAdds;

    /// <summary>
    /// The dentry of a name: a cached one, or one that is to be looked up now. If somebody else is looking it up, sleeps until he
    /// is done. The directory's i_rwsem is held, shared or not.
    /// </summary>
    /// <returns>It with a reference, and whether the caller has to look it up, and then to call <see cref="LookupDone"/>.</returns>
    [KernelSource("fs/dcache.c", "d_alloc_parallel")]
    public async KTask<(Dentry Dentry, bool IsNew)> AllocateParallel(Dentry parent, int name)
    {
        var fresh = await Allocate(parent, name, DentryFlags.ParallelLookup);
        while (true)
        {
            var adds = DirectoryAdds.Now;
            var moves = Renames.Now;
            if (moves.IsOdd)
            {
                await Renames.ChangedSince(moves);                 // read_seqbegin spins
                continue;
            }

            await Host.Rcu.ReadLock();
            var (dentry, sequence) = await LookupRcu(parent, name);
            if (dentry != null)
            {
                var isAlive = await dentry.Ref.GetNotDead();
                if (!isAlive)
                {
                    await dentry.Ref.Acquire();                    // the kernel turns until its killer, who has d_lock, has unhashed it
                    await dentry.Ref.Release();
                }

                var isSame = isAlive && !dentry.Sequence.Retry(sequence);
                await Host.Rcu.ReadUnlock();
                if (isSame)
                {
                    await Dput(fresh);
                    return (dentry, false);
                }

                if (isAlive)
                    await Dput(dentry);
                continue;
            }

            // The race is here: what is in neither table may be on its way from the one to the other.
            if (Renames.Retry(moves))
            {
                await Host.Rcu.ReadUnlock();
                continue;
            }

            if (adds.IsOdd)
            {
                Host.Counters.DirectoryAddsMet++;
                await Host.Rcu.ReadUnlock();
                await DirectoryAdds.ChangedSince(adds);
                continue;
            }

            await InLookupLock.Acquire();
            if (DirectoryAdds.Retry(adds))
            {
                Host.Counters.DirectoryAddsMet++;
                await InLookupLock.Release();
                await Host.Rcu.ReadUnlock();
                continue;
            }

            var twin = FindInLookup(parent, name);
            if (twin == null)
            {
                InLookup.AddFirst(fresh);
                await InLookupLock.Release();
                await Host.Rcu.ReadUnlock();
                return (fresh, true);
            }

            await InLookupLock.Release();
            var got = await twin.Ref.GetNotDead();
            await Host.Rcu.ReadUnlock();
            if (!got)
                continue;
            await twin.Ref.Acquire();
            await AwaitLookup(twin);
            var matches = IsAt(twin, parent, name);
            await twin.Ref.Release();
            if (matches)
            {
                await Dput(fresh);
                return (twin, false);
            }

            await Dput(twin);                                      // the look-up failed, or it was moved or dropped since
        }
    }

    /// <summary>The look-up of a dentry is over, also if the file system did not add it: whoever waits for it goes on.</summary>
    [KernelSource("include/linux/dcache.h", "d_lookup_done")]
    public async KTask LookupDone(Dentry dentry)
    {
        if (!Has(await dentry.Flags.ReadOnce(), DentryFlags.ParallelLookup))
            return;
        await dentry.Ref.Acquire();
        await EndLookup(dentry);
        await WakeLookups();
        await dentry.Ref.Release();
    }

    /// <summary>The dentry of a name, without a reference, inside a read section.</summary>
    /// <returns>It, or null, and its d_seq from before it was looked at: what it is holds if that is the same afterwards.</returns>
    [KernelSource("fs/dcache.c", "__d_lookup_rcu")]
    internal async KTask<(Dentry? Dentry, ChangeStamp Sequence)> LookupRcu(Dentry parent, int name)
    {
        var dentry = await Hash.FindRcu(KeyOf(parent, name));
        while (dentry != null)
        {
            var sequence = dentry.Sequence.Begin;
            if (IsAt(dentry, parent, name))
                return (dentry, sequence);
            dentry = await Hash.FindAfterRcu(dentry);
        }

        return default;
    }

    /// <summary>Whether a dentry is hashed and is the one of a name.</summary>
    internal static bool IsAt(Dentry dentry, Dentry parent, int name)
        => dentry.HashLink.IsHashed && ReferenceEquals(dentry.Parent.Racy, parent) && dentry.FileName.Racy == name;

    // Under d_lock: from here on whoever has seen neither table have the name looks again.
    [KernelSource("fs/dcache.c", "start_dir_add")]
    private async KTask StartLookupEnd(Dentry dentry)
    {
        await DirectoryAddLock.Acquire();
        DirectoryAdds.BeginWrite();
        await EndLookup(dentry);
    }

    [KernelSource("fs/dcache.c", "end_dir_add", Omits = "before 6.1 the waiters are woken in __d_lookup_done: all of it is under d_lock")]
    private async KTask FinishLookupEnd()
    {
        DirectoryAdds.EndWrite();
        await DirectoryAddLock.Release();
        await WakeLookups();
    }

    // Under d_lock. Which bucket the dentry is in does not matter: one list stands for all.
    [KernelSource("fs/dcache.c", "__d_lookup_unhash")]
    private async KTask EndLookup(Dentry dentry)
    {
        await InLookupLock.Acquire();
        InLookup.Remove(dentry);
        await dentry.Flags.Set(dentry.Flags.Value & ~DentryFlags.ParallelLookup);
        await InLookupLock.Release();
    }

    // Under d_lock of the dentry, which whoever is about to sleep for it holds from the look to the queueing.
    private async KTask WakeLookups()
    {
        if (LookupQueue.HasSleepers)
            await LookupQueue.WakeAll();
    }

    [KernelSource("fs/dcache.c", "d_wait_lookup")]
    internal async KTask AwaitLookup(Dentry dentry)
    {
        while (Has(dentry.Flags.Value, DentryFlags.ParallelLookup))
        {
            await LookupQueue.Prepare();
            await dentry.Ref.Release();
            await LookupQueue.Schedule();
            await dentry.Ref.Acquire();
        }
    }

    /// <summary>The dentry of a name that is being looked up, under the bucket's lock.</summary>
    internal Dentry? FindInLookup(Dentry parent, int name)
    {
        for (var dentry = InLookup.First; dentry != null; dentry = InLookup.After(dentry))
        {
            if (ReferenceEquals(dentry.Parent.Racy, parent) && dentry.FileName.Racy == name)
                return dentry;
        }

        return null;
    }
}
