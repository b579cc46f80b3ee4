using System.Buffers.Binary;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>
/// What a process passes to an ioctl on keys: the bytes of struct fscrypt_add_key_arg with the raw key behind it, of struct
/// fscrypt_remove_key_arg, or of struct fscrypt_get_key_status_arg. All begin with struct fscrypt_key_specifier: type, reserved,
/// name.
/// </summary>
public sealed class KeyArgument
{
    private const int SpecifierSize = 40;
    private const int NameOffset = 8;
    private const int RawSizeOffset = 40;
    private const int KeyIdOffset = 44;
    private const int FlagsOffset = 48;

    [Machine.NotState("never changes")]
    private readonly byte[] bytes;

    private KeyArgument(int size, int type, ReadOnlySpan<byte> name)
    {
        bytes = new byte[size];
        Put(0, type);
        name.CopyTo(bytes.AsSpan(NameOffset));
    }

    internal const int AfterRawSize = KeyIdOffset;
    internal const int AfterKeyId = FlagsOffset;
    internal const int AfterFlags = FlagsOffset + 4;

    /// <summary>Bytes of struct fscrypt_add_key_arg, without the raw key.</summary>
    public const int AddSize = 80;

    /// <summary>Bytes of struct fscrypt_remove_key_arg.</summary>
    public const int RemoveSize = 64;

    /// <summary>Bytes of struct fscrypt_get_key_status_arg.</summary>
    public const int StatusSize = 128;

    /// <summary>All of it.</summary>
    public ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>key_spec.type.</summary>
    public int Type => Get(0);

    /// <summary>key_spec.u: as many bytes as the longest name has.</summary>
    public ReadOnlySpan<byte> Name => bytes.AsSpan(NameOffset, SpecifierSize - NameOffset);

    /// <summary>raw_size, in bytes.</summary>
    public uint RawSize => (uint)Get(RawSizeOffset);

    /// <summary>key_id: a key of the keys service that has the bytes; 0 if they are in the argument.</summary>
    public int KeyId => Get(KeyIdOffset);

    /// <summary>flags; reserved up to v6.15.</summary>
    public uint Flags => (uint)Get(FlagsOffset);

    /// <summary>The raw key, as far as the process passed it.</summary>
    public ReadOnlySpan<byte> Raw => bytes.AsSpan(AddSize);

    /// <summary>What ADD_ENCRYPTION_KEY gets.</summary>
    /// <param name="type">What it is called by; an identifier is left for the kernel to fill in.</param>
    /// <param name="descriptor">Of a key of version 1 its descriptor.</param>
    /// <param name="raw">The key.</param>
    public static KeyArgument Add(int type, ReadOnlySpan<byte> descriptor, ReadOnlySpan<byte> raw)
    {
        var argument = new KeyArgument(AddSize + raw.Length, type, descriptor);
        argument.Put(RawSizeOffset, raw.Length);
        raw.CopyTo(argument.bytes.AsSpan(AddSize));
        return argument;
    }

    /// <summary>What ADD_ENCRYPTION_KEY gets when a key of the keys service has the bytes.</summary>
    public static KeyArgument AddById(int type, ReadOnlySpan<byte> descriptor, int id)
    {
        var argument = new KeyArgument(AddSize, type, descriptor);
        argument.Put(KeyIdOffset, id);
        return argument;
    }

    /// <summary>What REMOVE_ENCRYPTION_KEY and its form for all users get.</summary>
    public static KeyArgument Remove(int type, ReadOnlySpan<byte> name) => new(RemoveSize, type, name);

    /// <summary>What GET_ENCRYPTION_KEY_STATUS gets.</summary>
    public static KeyArgument Status(int type, ReadOnlySpan<byte> name) => new(StatusSize, type, name);

    /// <summary>Overwrites one byte.</summary>
    /// <param name="offset">Where, in bytes from the beginning.</param>
    /// <param name="value">With what.</param>
    public KeyArgument Poke(int offset, byte value)
    {
        bytes[offset] = value;
        return this;
    }

    /// <summary>valid_key_spec: whether the specifier has a known type and nothing in what is reserved.</summary>
    internal bool HasValidSpecifier => Get(4) == 0 && Type is KeyIdentities.Descriptor or KeyIdentities.Identifier;

    /// <summary>Whether bytes that are reserved are zero.</summary>
    internal bool AreZero(int from, int to) => bytes.AsSpan(from, to - from).IndexOfAnyExcept((byte)0) < 0;

    private int Get(int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));

    private void Put(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), value);
}
