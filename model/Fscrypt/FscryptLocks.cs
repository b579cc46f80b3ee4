using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>The lock classes of fs/crypto.</summary>
public static class FscryptLocks
{
    public static readonly LockClass AddKey = new(32, "fscrypt_add_key_mutex");
    public static readonly LockClass MasterKey = new(33, "mk_sem");
    public static readonly LockClass DecryptedInodes = new(34, "mk_decrypted_inodes_lock");
    public static readonly LockClass Key = new(38, "key->sem");
    public static readonly LockClass Secret = new(39, "mk_secret_sem");
    public static readonly LockClass KeyCollector = new(40, "key_gc pool.lock");
    public static readonly LockClass ProcessKeyring = new(41, "keyring->sem");
    public static readonly LockClass ProcessKey = new(42, "key->sem of a process's key");
    public static readonly LockClass DirectKeys = new(43, "fscrypt_direct_keys_lock");
    public static readonly LockClass ModeKeySetup = new(44, "fscrypt_mode_key_setup_mutex");
    public static readonly LockClass Keyring = new(35, "fscrypt_keyring.lock");
}
