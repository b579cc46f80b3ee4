using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

// The end of a file system's keys.
public sealed partial class MasterKeyring
{
    /// <summary>
    /// Forgets the keys that are left, when the file system is unmounted: all its inodes have been evicted, so each key is
    /// present and nobody uses it, and those that were removed incompletely have gone with their last inode.
    /// </summary>
    [KernelSource("fs/crypto/keyring.c", "fscrypt_destroy_keyring", Omits = "its place: in 6.1 before ->put_super, before that when the super block is freed")]
    internal async KTask Destroy()
    {
        if (superBlock.MasterKeys.Value == null)
            return;
        if (!hashed)
        {
            await OldDestroy();
            return;
        }

        for (var i = 0; i < All.Length; i++)
        {
            var key = All[i];
            if (!key.IsAlive || !key.HashLink.IsHashed)
                continue;
            if (await key.ActiveRefs.Read() != 1 || await key.StructRefs.Read() != 1 || !key.Present.Value)
                Host.Report(new Finding("reference-count", $"{key.Name} is in use when its file system is unmounted") { Object = key });
            await InitiateRemoval(key);
        }

        await superBlock.MasterKeys.StoreRelease(null);
    }
}
