using System.Collections.Immutable;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// What is so of each master key between any two steps: of its counts, and of the inodes unlocked with it. mk_sem, held for
/// writing, guards presence; mk_decrypted_inodes_lock the list.
/// </summary>
public static class KeyInvariants
{
    /// <summary>All of them, of one file system.</summary>
    internal static ImmutableArray<StateInvariant> Of(MasterKeyring keyring, InodeCache inodes)
    {
        StateInvariant Each(string sentence, Func<MasterKey, bool> holds) => new(sentence, () =>
        {
            foreach (var key in keyring.All)
            {
                if (key.IsAlive && !holds(key))
                    return key;
            }

            return null;
        });
        return
        [
            Each("a key in the table has a structural reference", k => !k.HashLink.Peek || k.StructRefs.Peek > 0),
            Each("a key that is present has its secret, and no other has",
                k => k.Semaphore.IsWriteHeld || k.SecretSemaphore.IsWriteHeld || !keyring.IsInUse || !k.HashLink.Peek || k.Present.Peek == k.Secret.Peek),

            // More is for an instant: a key set-up counts first and lists then, an eviction takes off the list first.
            Each("mk_active_refs covers presence and each unlocked inode", k => k.Semaphore.IsWriteHeld || k.DecryptedInodesLock.IsHeld
                || k.ActiveRefs.Peek >= k.DecryptedInodes.PeekCount + (k.Present.Peek ? 1 : 0)),
            Each("what is on mk_decrypted_inodes is the info that its inode has", IsOwnList),
            Each("a key with an active reference can be found", k => k.ActiveRefs.Peek == 0 || k.HashLink.Peek) with { AtRest = true },
            Each("mk_active_refs is presence and the unlocked inodes",
                k => k.ActiveRefs.Peek == k.DecryptedInodes.PeekCount + (k.Present.Peek ? 1 : 0)) with { AtRest = true },
            StateInvariant.OfInodes(inodes, "an unlocked inode is on its key's list",
                i => i.CryptInfo.Peek is not CryptInfo { MasterKey.Peek: { } key } info || key.DecryptedInodes.PeekContains(info)) with
            {
                AtRest = true,
            },
        ];
    }

    private static bool IsOwnList(MasterKey key)
    {
        if (key.DecryptedInodesLock.IsHeld)
            return true;
        for (var info = key.DecryptedInodes.PeekFirst; info != null; info = key.DecryptedInodes.PeekAfter(info))
        {
            if (!info.IsAlive || info.MasterKey.Peek != key || info.Inode.Peek is not { IsAlive: true } inode || inode.CryptInfo.Peek != info)
                return false;
        }

        return true;
    }
}
