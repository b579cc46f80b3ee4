using System.Collections.Immutable;
using Fscrypt.Sim.Model.Releases;

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

    /// <summary>FSCRYPT_MODE_AES_128_CBC.</summary>
    public const int Aes128Cbc = 5;

    /// <summary>FSCRYPT_MODE_AES_128_CTS.</summary>
    public const int Aes128Cts = 6;

    /// <summary>FSCRYPT_MODE_SM4_XTS.</summary>
    public const int Sm4Xts = 7;

    /// <summary>FSCRYPT_MODE_SM4_CTS.</summary>
    public const int Sm4Cts = 8;

    /// <summary>FSCRYPT_MODE_ADIANTUM.</summary>
    public const int Adiantum = 9;

    /// <summary>FSCRYPT_MODE_AES_256_HCTR2.</summary>
    public const int Aes256Hctr2 = 10;

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

    /// <summary>Whether files use the master key as it is, or (version 2) one key that is derived for all of a mode.</summary>
    public bool IsDirect => (Flags & DirectKey) != 0;

    /// <summary>
    /// Whether the kernel has what it asks for: a pair of modes that go together; DIRECT_KEY with one mode for both that has room
    /// for a nonce in its IV. ext4 without stable inode numbers has no policy that needs them.
    /// </summary>
    /// <param name="release">The kernel.</param>
    /// <remarks>Kernel: fscrypt_supported_policy, v6.18.</remarks>
    public bool IsSupported(KernelRelease release)
        => AreModes(release)
            && (Version == 1 ? (Flags & ~(Pad32 | DirectKey)) == 0 : Flags >> 5 == 0)
            && (Flags & (IvInoLblk64 | IvInoLblk32)) == 0
            && (!IsDirect || (ContentsMode == NamesMode && ContentsMode == Adiantum));

    /// <summary>
    /// Bytes that a key must have: for version 2 as many as its cipher is strong, for version 1 as many as the cipher's own keys.
    /// </summary>
    /// <param name="forNames">Whether it is for a directory's names, not for a file's contents.</param>
    public int KeySizeMin(bool forNames) => (forNames ? NamesMode : ContentsMode) switch
    {
        Aes256Xts => Version == 1 ? 64 : 32,                       // two keys of AES-256
        Aes128Cbc or Aes128Cts or Sm4Cts => 16,
        Sm4Xts => Version == 1 ? 32 : 16,
        _ => 32,
    };

    private bool AreModes(KernelRelease release) => (ContentsMode, NamesMode) switch
    {
        (Aes256Xts, Aes256Cts) or (Aes128Cbc, Aes128Cts) or (Adiantum, Adiantum) => true,
        (Aes256Xts, Aes256Hctr2) => Version == 2 && Change.Hctr2Names.IsIn(release),
        (Sm4Xts, Sm4Cts) => Version == 2 && Change.Sm4Modes.IsIn(release),
        _ => false,
    };
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
