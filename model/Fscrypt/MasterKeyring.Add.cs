using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

// FS_IOC_ADD_ENCRYPTION_KEY.
public sealed partial class MasterKeyring
{
    /// <summary>Adds a key, or a user's claim on it, or its secret again after a removal.</summary>
    /// <param name="number">The key.</param>
    /// <param name="user">The user: a number below 64.</param>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_add_key",
        Omits = "argument checks, v1 keys, provisioning keys, quota: a v2 key with valid arguments")]
    public async KTask<Errno> Add(int number, int user)
    {
        Host.MightSleep("FS_IOC_ADD_ENCRYPTION_KEY");
        await AddKeyMutex.Acquire();
        var key = await Find(number);
        var dead = key == null;
        if (key != null)
        {
            dead = !await AddExisting(key, user);
            await PutStruct(key);
        }

        if (dead)
            await AddNew(number, user);
        await AddKeyMutex.Release();
        return Errno.OK;
    }

    /// <summary>OK if a user has a claim on a key, present or not, or may do without one.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_verify_key_added")]
    internal async KTask<Errno> VerifyAdded(int number, int user)
    {
        var error = Errno.ENOKEY;
        var key = await Find(number);
        if (key != null)
        {
            await key.Semaphore.AcquireRead();
            if ((key.Users.Value >> user & 1) != 0)
                error = Errno.OK;
            await key.Semaphore.ReleaseRead();
            await PutStruct(key);
        }

        return user == 0 ? Errno.OK : error;                       // CAP_FOWNER
    }

    /// <summary>False if the key is dead: its last active reference went, and a new one has to be made.</summary>
    [KernelSource("fs/crypto/keyring.c", "add_existing_master_key")]
    private async KTask<bool> AddExisting(MasterKey key, int user)
    {
        await key.Semaphore.AcquireWrite();
        var alive = true;
        if ((key.Users.Value >> user & 1) == 0)
        {
            key.Users.Value |= 1UL << user;                        // before the test below, and not undone by it
            if (!key.Present.Value)
            {
                alive = await key.ActiveRefs.GetUnlessZero();
                if (alive)
                    await MoveSecretIn(key);
            }
        }

        await key.Semaphore.ReleaseWrite();
        return alive;
    }

    [KernelSource("fs/crypto/keyring.c", "add_new_master_key")]
    private async KTask AddNew(int number, int user)
    {
        if (superBlock.MasterKeys.Value == null)
            await superBlock.MasterKeys.StoreRelease(this);        // allocate_filesystem_keyring
        Host.MightSleep("add_new_master_key");
        await superBlock.Reclaim.Allocate();
        var key = slab.Allocate();
        key.Number.Value = number;
        key.StructRefs.Initialize(1);
        key.ActiveRefs.Initialize(1);
        key.Users.Value = 1UL << user;
        Additions.Value++;
        key.Secret.Fill(number, SecretKind.Master);
        key.Present.Initialize(true);
        await Lock.Acquire();
        Table.AddFirst(key);                                       // wholly made before anybody finds it
        await Lock.Release();
    }

    [KernelSource("fs/crypto/keyring.c", "move_master_key_secret")]
    private async KTask MoveSecretIn(MasterKey key)
    {
        Additions.Value++;
        key.Secret.Fill(key.Number.Value, SecretKind.Master);
        await key.Present.WriteOnce(true);
    }
}
