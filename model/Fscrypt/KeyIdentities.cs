using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// What keys are made of, and what they are called by: byte strings. Each has a number here, as names of files have, so that
/// nothing is made while a scenario runs. A specifier is what a master key is called by: an identifier, which is derived from
/// its bytes (version 2), or a descriptor, which somebody chose (version 1). The first nine of both are the keys K1 to K9.
/// </summary>
[Machine.NotState("a number stands for the same whenever it is given")]
public sealed class KeyIdentities
{
    /// <summary>FSCRYPT_KEY_SPEC_TYPE_DESCRIPTOR.</summary>
    public const int Descriptor = 1;

    /// <summary>FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER.</summary>
    public const int Identifier = 2;

    /// <summary>FSCRYPT_KEY_DESCRIPTOR_SIZE, in bytes.</summary>
    public const int DescriptorSize = 8;

    /// <summary>FSCRYPT_KEY_IDENTIFIER_SIZE, in bytes.</summary>
    public const int IdentifierSize = 16;

    /// <summary>Keys that are known by name.</summary>
    public const int NamedKeys = 9;

    /// <summary>FSCRYPT_MIN_KEY_SIZE, in bytes.</summary>
    public const int RawSizeMin = 16;

    /// <summary>FSCRYPT_MAX_RAW_KEY_SIZE, in bytes: that of the keys known by name.</summary>
    public const int RawSizeMax = 64;

    private const byte ContextOfIdentifier = 1;
    private static readonly ImmutableArray<ImmutableArray<byte>> NamedIdentifiers =
        [.. Enumerable.Range(0, NamedKeys).Select(key => Derive(BytesOfNamed(key)).ToImmutableArray())];

    private readonly List<(byte[] Bytes, string Name)> raws = [];
    private readonly List<(int Type, byte[] Bytes, string Name)> specifiers = [];
    private readonly List<int> identifiers = [];                   // by raw key; -1: not derived yet

    public KeyIdentities()
    {
        for (var i = 0; i < NamedKeys; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"K{i + 1}");
            raws.Add((BytesOfNamed(i), name));
            specifiers.Add((Identifier, [.. NamedIdentifiers[i]], name));
            identifiers.Add(i);
        }
    }

    /// <summary>The first bytes of the key K1, K2, …: byte i of Kn is 16 n + 7 i + 1.</summary>
    /// <param name="key">n - 1.</param>
    /// <param name="size">How many; no key of the kernel has more than <see cref="RawSizeMax"/>.</param>
    public static byte[] BytesOfNamed(int key, int size = RawSizeMax)
    {
        var bytes = new byte[size];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)((16 * (key + 1)) + (7 * i) + 1);
        return bytes;
    }

    /// <summary>The number of raw bytes. Remembered: only the first time something is made.</summary>
    public int Raw(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < raws.Count; i++)
        {
            if (bytes.SequenceEqual(raws[i].Bytes))
                return i;
        }

        raws.Add((bytes.ToArray(), NameOfRaw(bytes)));
        identifiers.Add(-1);
        return raws.Count - 1;
    }

    /// <summary>Bytes of a raw key.</summary>
    public int SizeOf(int raw) => raws[raw].Bytes.Length;

    /// <summary>
    /// The specifier of the identifier of a raw key: 16 bytes of HKDF-SHA512 without salt, with the info "fscrypt", a zero byte,
    /// and 1. Kernel: fscrypt_init_hkdf and fscrypt_hkdf_expand, since v5.4.
    /// </summary>
    public int IdentifierOf(int raw)
    {
        if (identifiers[raw] < 0)
            identifiers[raw] = FindOrAdd(Identifier, Derive(raws[raw].Bytes), raws[raw].Name);
        return identifiers[raw];
    }

    /// <summary>The number of what a key is called by; of the bytes only as many count as its type has.</summary>
    /// <param name="type"><see cref="Descriptor"/> or <see cref="Identifier"/>.</param>
    /// <param name="bytes">At least as many bytes as its type has.</param>
    public int Specifier(int type, ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..(type == Descriptor ? DescriptorSize : IdentifierSize)];
        return FindOrAdd(type, bytes, null);
    }

    /// <summary>Whether it is the specifier of a key of version 1.</summary>
    public bool IsDescriptor(int specifier) => specifiers[specifier].Type == Descriptor;

    /// <summary>The bytes of a specifier.</summary>
    public ReadOnlySpan<byte> BytesOf(int specifier) => specifiers[specifier].Bytes;

    /// <summary>What reports call a key.</summary>
    public string NameOf(int specifier) => specifiers[specifier].Name;

    private int FindOrAdd(int type, ReadOnlySpan<byte> bytes, string? name)
    {
        for (var i = 0; i < specifiers.Count; i++)
        {
            if (specifiers[i].Type == type && bytes.SequenceEqual(specifiers[i].Bytes))
                return i;
        }

        name ??= type == Descriptor ? $"desc:{Printable(bytes)}" : Convert.ToHexStringLower(bytes);
        specifiers.Add((type, bytes.ToArray(), name));
        return specifiers.Count - 1;
    }

    private static string NameOfRaw(ReadOnlySpan<byte> bytes)
    {
        for (var key = 0; key < NamedKeys; key++)
        {
            if (bytes.Length < RawSizeMax && bytes.SequenceEqual(BytesOfNamed(key, bytes.Length)))
                return string.Create(CultureInfo.InvariantCulture, $"K{key + 1}.{bytes.Length}");
        }

        return Convert.ToHexStringLower(bytes);
    }

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            if (value is < 0x21 or > 0x7e)
                return Convert.ToHexStringLower(bytes);
        }

        return System.Text.Encoding.ASCII.GetString(bytes);
    }

    /// <summary>The identifier of a key of version 2: 16 bytes, derived as the kernel does.</summary>
    /// <param name="raw">Its bytes.</param>
    public static byte[] Derive(byte[] raw)
        => HKDF.DeriveKey(HashAlgorithmName.SHA512, raw, IdentifierSize, salt: null, info: [.. "fscrypt\0"u8, ContextOfIdentifier]);
}
