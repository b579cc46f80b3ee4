using System.Collections.Immutable;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>union fscrypt_policy: which key a directory has, and how it is used. Two are equal if all of it is.</summary>
/// <param name="Version">1 or 2.</param>
/// <param name="Key">The specifier of its master key.</param>
/// <param name="ContentsMode">FSCRYPT_MODE of contents.</param>
/// <param name="NamesMode">FSCRYPT_MODE of names.</param>
/// <param name="Flags">FSCRYPT_POLICY_FLAGS: padding of names, DIRECT_KEY, IV_INO_LBLK_64 and _32.</param>
public readonly record struct EncryptionPolicy(int Version, int Key, int ContentsMode, int NamesMode, int Flags)
{
    /// <summary>FSCRYPT_MODE_AES_256_XTS.</summary>
    public const int Aes256Xts = 1;

    /// <summary>FSCRYPT_MODE_AES_256_CTS.</summary>
    public const int Aes256Cts = 4;

    /// <summary>FSCRYPT_POLICY_FLAGS_PAD_32.</summary>
    public const int Pad32 = 3;

    /// <summary>FSCRYPT_POLICY_FLAG_DIRECT_KEY.</summary>
    public const int DirectKey = 4;

    /// <summary>FSCRYPT_POLICY_FLAG_IV_INO_LBLK_64.</summary>
    public const int IvInoLblk64 = 8;

    /// <summary>FSCRYPT_POLICY_FLAG_IV_INO_LBLK_32.</summary>
    public const int IvInoLblk32 = 16;

    /// <summary>Bytes of what GET_POLICY_EX answers.</summary>
    public int Size => Version == 1 ? 12 : 24;

    /// <summary>AES-256 in its modes for contents and names, with all names padded to 32 bytes.</summary>
    /// <param name="version">1 or 2.</param>
    /// <param name="key">The specifier of the master key.</param>
    /// <param name="flags">Flags.</param>
    public static EncryptionPolicy Usual(int version, int key, int flags = Pad32) => new(version, key, Aes256Xts, Aes256Cts, flags);

    /// <summary>Whether the kernel has what it asks for. ext4 without stable inode numbers has no policy that needs them.</summary>
    /// <remarks>Kernel: fscrypt_supported_policy, v6.18.</remarks>
    public bool IsSupported
        => ContentsMode == Aes256Xts && NamesMode == Aes256Cts
            && (Version == 1 ? (Flags & ~(Pad32 | DirectKey)) == 0 : Flags >> 5 == 0)
            && (Flags & (DirectKey | IvInoLblk64 | IvInoLblk32)) == 0;     // DIRECT_KEY wants one mode for both
}

/// <summary>Policies as numbers, for what an inode on the disk has. The first nine are those of version 2 of K1 to K9.</summary>
public sealed class PolicyTable
{
    private readonly List<EncryptionPolicy> policies =
        [.. Enumerable.Range(0, KeyIdentities.NamedKeys).Select(key => EncryptionPolicy.Usual(2, key)).ToImmutableArray()];

    /// <summary>The policy of a number.</summary>
    public EncryptionPolicy this[int number] => policies[number];

    /// <summary>The number of a policy. Remembered: only the first time something is made.</summary>
    public int NumberOf(EncryptionPolicy policy)
    {
        var number = policies.IndexOf(policy);
        if (number >= 0)
            return number;
        policies.Add(policy);
        return policies.Count - 1;
    }
}
