using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

// Up to v6.0 master keys are keys of the keys service, in a keyring of the super block. One semaphore guards claims (key->sem)
// and another one inside it the secret (mk_secret_sem), since key set-up may run inside a transaction, where claims may not be
// waited for. One count tells when nobody uses a key any more (mk_refcount); another keeps its memory (key->usage), and each
// inode has one of those too. A dead key is marked, and unlinked by a worker some time later.
public sealed partial class MasterKeyring
{
    [KernelSource("security/keys/keyring.c", "keyring_search", Omits = "a key that is unlinked gives up the keyring's reference at once, and not after a grace period: who then is too late does not find it")]
    private async KTask<MasterKey?> OldFind(int specifier)
    {
        if (await superBlock.MasterKeys.ReadOnce() == null)
            return null;
        await Host.Rcu.ReadLock();
        var key = await Table.FindRcu((ulong)specifier);
        while (key != null && (await key.Invalidated.ReadOnce() || !await key.StructRefs.GetUnlessZero()))
            key = await Table.FindAfterRcu(key);
        await Host.Rcu.ReadUnlock();
        return key;
    }

    /// <summary>Drops an inode's part of a key, or that of its presence.</summary>
    [KernelSource("fs/crypto/keysetup.c", "put_crypt_info", Omits = "up to v6.0: the end of it")]
    private async KTask OldPutActive(MasterKey key)
    {
        if (await key.ActiveRefs.PutAndTest())
            await Invalidate(key);
        await OldPut(key);
    }

    /// <summary>Marks a key as dead: it is not found any more. The caller has a reference, and may sleep, even in reclaim.</summary>
    [KernelSource("security/keys/key.c", "key_invalidate")]
    private async KTask Invalidate(MasterKey key)
    {
        Host.MightSleep("key_invalidate");
        await key.KeySemaphore.AcquireWrite();
        var first = !key.Invalidated.Value;
        if (first)
            await key.Invalidated.WriteOnce(true);
        await key.KeySemaphore.ReleaseWrite();
        if (first)
            await collector.Queue(collection);                     // key_schedule_gc_links
    }

    /// <summary>Unlinks the dead keys.</summary>
    [KernelSource("security/keys/gc.c", "key_garbage_collector", Omits = "keys and keyrings of others; keys without a reference are freed by their last put")]
    private async KTask CollectDeadKeys()
    {
        for (var i = 0; i < All.Length; i++)
        {
            var key = All[i];
            await Lock.Acquire();                                  // keyring_gc: the keyring's semaphore
            var unlinks = key.IsAlive && key.HashLink.IsHashed && key.Invalidated.Value;
            if (unlinks)
                Table.Remove(key);
            await Lock.Release();
            if (unlinks)
                await OldPut(key);
        }
    }

    [KernelSource("security/keys/key.c", "key_put", Omits = "the worker that frees it")]
    private async KTask OldPut(MasterKey key)
    {
        if (!await key.StructRefs.PutAndTest())
            return;
        if (key.HashLink.IsHashed)
            Host.Report(new Finding("reference-count", $"{key.Name} is freed while it is in its keyring") { Object = key });
        if (key.Secret.IsPresent)
            await key.Secret.Wipe();                               // free_master_key
        await DestroyModeKeys(key);
        DropClaims(key, key.Users.Value);
        slab.FreeAfterGracePeriod(key);
    }

    [KernelSource("fs/crypto/keyring.c", "add_master_key")]
    private async KTask<Errno> OldAdd(int specifier, PassedSecret secret, int user)
    {
        Errno error;
        await AddKeyMutex.Acquire();
        while (true)
        {
            var key = await OldFind(specifier);
            if (key == null)
            {
                error = await OldAddNew(specifier, secret, user);
                break;
            }

            await key.KeySemaphore.AcquireWrite();
            (error, var alive) = await OldAddExisting(key, secret, user);
            await key.KeySemaphore.ReleaseWrite();
            if (!alive)
                await Invalidate(key);                             // KEY_DEAD: who made it so has not come to that yet
            await OldPut(key);
            if (alive)
                break;
        }

        await AddKeyMutex.Release();
        return error;
    }

    /// <summary>Not alive if the key is dead, before any claim is made, or because the claim could not be made.</summary>
    [KernelSource("fs/crypto/keyring.c", "add_existing_master_key", Omits = "up to v6.0")]
    private async KTask<(Errno Error, bool Alive)> OldAddExisting(MasterKey key, PassedSecret secret, int user)
    {
        var claims = !Identities.IsDescriptor(key.Number.Value);
        if (claims && (key.Users.Value & ClaimOf(user)) != 0)
            return (Errno.OK, true);
        var rekeys = !key.Present.Value;
        if (rekeys && !await key.ActiveRefs.GetUnlessZero())
            return (Errno.OK, false);
        if (claims)
            await superBlock.Reclaim.Allocate();                   // the race is with ourselves: reclaim may come to Invalidate
        var error = claims ? Claim(key, user) : Errno.OK;
        if (error != Errno.OK)
            return (error, !rekeys || !await key.ActiveRefs.PutAndTest());
        if (rekeys)
        {
            await key.SecretSemaphore.AcquireWrite();
            await MoveSecretIn(key, secret);
            await key.SecretSemaphore.ReleaseWrite();
        }

        return (Errno.OK, true);
    }

    /// <summary>Links a new key, in the place of a dead one that was not unlinked yet.</summary>
    [KernelSource("fs/crypto/keyring.c", "add_new_master_key", Omits = "up to v6.0")]
    private async KTask<Errno> OldAddNew(int specifier, PassedSecret secret, int user)
    {
        if (superBlock.MasterKeys.Value == null)
        {
            if (await superBlock.KeyFault.Happens())
                return Errno.ENOMEM;
            await superBlock.MasterKeys.WriteOnce(this);           // allocate_filesystem_keyring
        }

        var (error, key) = await Make(specifier, secret, user);
        if (key == null)
            return error;
        await Lock.Acquire();
        var displaced = Table.Find((ulong)specifier);
        if (displaced != null)
            Table.Remove(displaced);
        Table.AddFirst(key);
        await Lock.Release();
        if (displaced != null)
            await OldPut(displaced);
        return Errno.OK;
    }

    [KernelSource("fs/crypto/keyring.c", "do_remove_key", Omits = "up to v6.0")]
    private async KTask<(Errno Error, RemovalFlags Flags)> OldRemove(MasterKey key, int user, bool allUsers)
    {
        await key.KeySemaphore.AcquireWrite();
        if (DropClaims(key, user, allUsers) is { } ended)
        {
            await key.KeySemaphore.ReleaseWrite();
            await OldPut(key);
            return ended;
        }

        var additions = Additions.Value;
        var dead = false;
        if (key.Present.Value)
        {
            await key.SecretSemaphore.AcquireWrite();
            await WipeSecret(key);
            dead = await key.ActiveRefs.PutAndTest();
            await key.SecretSemaphore.ReleaseWrite();
        }

        await key.KeySemaphore.ReleaseWrite();

        // The race is here: without inodes the key is dead, and still found until it is marked.
        var answer = (Error: Errno.OK, Flags: RemovalFlags.None);
        if (dead)
            await Invalidate(key);
        else
            answer = await LockFiles(key);
        var number = key.Number.Value;
        await OldPut(key);
        ReportIfComplete(answer, number, additions);
        return answer;
    }

    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_get_key_status", Omits = "up to v6.0")]
    private async KTask<KeyStatusAnswer> OldStatus(MasterKey key, int user)
    {
        await key.KeySemaphore.AcquireRead();
        var answer = key.Present.Value ? PresentTo(key, user) : new KeyStatusAnswer(KeyStatus.IncompletelyRemoved, 0, false);
        await key.KeySemaphore.ReleaseRead();
        await OldPut(key);
        return answer;
    }

    /// <summary>Nobody looks whether keys are in use: the keyring goes when the super block is freed, and the keys with it.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_sb_free")]
    private async KTask OldDestroy()
    {
        for (var i = 0; i < All.Length; i++)
        {
            var key = All[i];
            if (!key.IsAlive || !key.HashLink.IsHashed)
                continue;
            await Lock.Acquire();
            Table.Remove(key);
            await Lock.Release();
            await OldPut(key);                                     // in the worker, who wipes it
        }

        await superBlock.MasterKeys.WriteOnce(null);
    }
}
