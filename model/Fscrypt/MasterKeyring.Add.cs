using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Fscrypt;

// FS_IOC_ADD_ENCRYPTION_KEY.
public sealed partial class MasterKeyring
{
    /// <summary>FS_IOC_ADD_ENCRYPTION_KEY with what a process passed.</summary>
    /// <returns>EINVAL, EACCES or EOPNOTSUPP as the argument deserves; EDQUOT; what a key's id leads to.</returns>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_ioctl_add_key", Omits = "hardware-wrapped keys: no device here has them; the identifier that is written back")]
    public async KTask<Errno> Add(KeyArgument argument, int user)
    {
        Host.MightSleep("FS_IOC_ADD_ENCRYPTION_KEY");
        var error = Check(argument, user);
        if (error != Errno.OK)
            return error;
        int raw;
        if (argument.KeyId == 0 || !Change.ProvisioningKeys.IsIn(release))
        {
            raw = Identities.Raw(argument.Raw[..(int)argument.RawSize]);
        }
        else
        {
            (error, raw) = await processes.Fetch(user, argument.KeyId, argument.Type);
            if (error != Errno.OK)
                return error;
        }

        var specifier = argument.Type == KeyIdentities.Identifier ? Identities.IdentifierOf(raw)
            : Identities.Specifier(argument.Type, argument.Name);
        return await Add(specifier, raw, user);
    }

    // The kernel's order decides which error it is. Flags are reserved, and so is the key's id, where a release has not got them.
    private Errno Check(KeyArgument argument, int user)
    {
        const uint HardwareWrapped = 1;
        var hasFlags = Change.HardwareWrappedKeys.IsIn(release);
        var hasIds = Change.ProvisioningKeys.IsIn(release);
        var isDescriptor = argument.Type == KeyIdentities.Descriptor;
        var reservedFrom = hasFlags ? KeyArgument.AfterFlags : hasIds ? KeyArgument.AfterKeyId : KeyArgument.AfterRawSize;
        var hasSize = argument.RawSize is >= KeyIdentities.RawSizeMin and <= KeyIdentities.RawSizeMax;
        if (!argument.HasValidSpecifier || (!hasIds && !hasSize) || !argument.AreZero(reservedFrom, KeyArgument.AddSize))
            return Errno.EINVAL;
        if (isDescriptor && !users.Has(user, Capabilities.SysAdmin))
            return Errno.EACCES;
        if (hasFlags && ((argument.Flags & ~HardwareWrapped) != 0 || (argument.Flags != 0 && isDescriptor)))
            return Errno.EINVAL;
        if (hasIds && argument.KeyId != 0)
            return argument.RawSize != 0 ? Errno.EINVAL : Errno.OK;
        if (!hasSize)
            return Errno.EINVAL;
        return hasFlags && argument.Flags != 0 ? Errno.EOPNOTSUPP : Errno.OK;
    }

    /// <summary>Adds a key, or a user's claim on it, or its secret again after a removal.</summary>
    /// <param name="specifier">What it is called by.</param>
    /// <param name="raw">Its bytes.</param>
    /// <param name="user">The user: a number below 64.</param>
    public async KTask<Errno> Add(int specifier, int raw, int user)
    {
        Host.MightSleep("FS_IOC_ADD_ENCRYPTION_KEY");
        var secret = passed.Allocate();
        secret.Raw.Value = raw;
        secret.Secret.Fill(specifier, SecretKind.Passed);
        var error = hashed ? await AddHashed(specifier, secret, user) : await OldAdd(specifier, secret, user);
        if (secret.Secret.IsPresent)
            await secret.Secret.Wipe();                            // nobody wanted it
        passed.Free(secret);
        return error;
    }

    [KernelSource("fs/crypto/keyring.c", "do_add_master_key")]
    private async KTask<Errno> AddHashed(int specifier, PassedSecret secret, int user)
    {
        await AddKeyMutex.Acquire();
        var key = await Find(specifier);
        var (error, dead) = (Errno.OK, key == null);
        if (key != null)
        {
            (error, var alive) = await AddExisting(key, secret, user);
            dead = !alive;
            await PutStruct(key);
        }

        if (dead)
            error = await AddNew(specifier, secret, user);
        await AddKeyMutex.Release();
        return error;
    }

    /// <summary>OK if a user has a claim on a key, present or not, or may do without one.</summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_verify_key_added")]
    internal async KTask<Errno> VerifyAdded(int number, int user)
    {
        var error = Errno.ENOKEY;
        var key = await Find(number);
        if (key != null)
        {
            if (hashed)
                await key.Semaphore.AcquireRead();
            else
                await Host.Point();                                // keyring_search of mk_users, without a lock
            if ((key.Users.Racy & ClaimOf(user)) != 0)
                error = Errno.OK;
            if (hashed)
                await key.Semaphore.ReleaseRead();
            await PutStruct(key);
        }

        return users.Has(user, Capabilities.Fowner) ? Errno.OK : error;
    }

    /// <summary>Not alive if the key is dead: its last active reference went, and a new one has to be made.</summary>
    [KernelSource("fs/crypto/keyring.c", "add_existing_master_key")]
    private async KTask<(Errno Error, bool Alive)> AddExisting(MasterKey key, PassedSecret secret, int user)
    {
        await key.Semaphore.AcquireWrite();
        var (error, alive) = (Errno.OK, true);
        var claims = !Identities.IsDescriptor(key.Number.Value);
        if (!claims || (key.Users.Value & ClaimOf(user)) == 0)
        {
            if (claims)
                await superBlock.Reclaim.Allocate();
            if (claims)
                error = Claim(key, user);                          // before the test below, and not undone by it
            if (error == Errno.OK && Host.Check("mk_present", !key.Present.Value, otherwise: true))
            {
                var counts = await key.ActiveRefs.GetUnlessZero();
                alive = Host.Check("mk_active_refs", counts, otherwise: true);
                if (alive)
                    await MoveSecretIn(key, secret);
            }
        }

        await key.Semaphore.ReleaseWrite();
        return (error, alive);
    }

    /// <summary>Enters a user's claim on a key, and charges him for it.</summary>
    [KernelSource("fs/crypto/keyring.c", "add_master_key_user", Omits = "ENOMEM")]
    private Errno Claim(MasterKey key, int user)
    {
        var error = Quota.ChargeClaim(user);
        if (error == Errno.OK)
            key.Users.Value |= ClaimOf(user);
        return error;
    }

    [KernelSource("fs/crypto/keyring.c", "add_new_master_key")]
    private async KTask<Errno> AddNew(int specifier, PassedSecret secret, int user)
    {
        if (superBlock.MasterKeys.Value == null)
        {
            if (await superBlock.KeyFault.Happens())
                return Errno.ENOMEM;
            await superBlock.MasterKeys.StoreRelease(this);        // allocate_filesystem_keyring, which stays also if there is no key
        }

        var (error, key) = await Make(specifier, secret, user);
        if (key == null)
            return error;
        await Lock.Acquire();
        Table.AddFirst(key);                                       // wholly made before anybody finds it
        await Lock.Release();
        return Errno.OK;
    }

    // Null, with the error, if the user may not have another claim, or if there is no memory.
    private async KTask<(Errno Error, MasterKey? Key)> Make(int specifier, PassedSecret secret, int user)
    {
        Host.MightSleep("add_new_master_key");
        await superBlock.Reclaim.Allocate();
        if (await superBlock.KeyFault.Happens())
            return (Errno.ENOMEM, null);
        var key = slab.Allocate();
        key.Number.Value = specifier;
        key.StructRefs.Initialize(1);
        key.ActiveRefs.Initialize(1);
        var error = Identities.IsDescriptor(specifier) ? Errno.OK : Claim(key, user);
        if (error != Errno.OK)
        {
            slab.Free(key);                                        // nobody has seen it
            return (error, null);
        }

        Take(key, secret);
        key.Present.Initialize(true);
        return (Errno.OK, key);
    }

    [KernelSource("fs/crypto/keyring.c", "move_master_key_secret")]
    private async KTask MoveSecretIn(MasterKey key, PassedSecret secret)
    {
        Take(key, secret);
        await key.Present.WriteOnce(true);
    }

    // The stack's copy is wiped at once: with mk_sem held, or before anybody finds the key.
    private void Take(MasterKey key, PassedSecret secret)
    {
        Additions.Value++;
        key.Secret.Fill(key.Number.Value, SecretKind.Master);
        key.Raw.Value = secret.Raw.Value;
        secret.Secret.WipeNow();
    }

    private static ulong ClaimOf(int user) => 1UL << user;
}
