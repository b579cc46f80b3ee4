using System.Buffers.Binary;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>
/// Which error an ioctl on keys gives for the bytes that it gets, from the layout of the structures in
/// include/uapi/linux/fscrypt.h.
/// </summary>
/// <param name="Release">The kernel.</param>
internal sealed record ArgumentLayout(KernelRelease Release)
{
    private const uint Descriptor = 1;
    private const uint Identifier = 2;

    /// <summary>
    /// struct fscrypt_add_key_arg: key_spec 40 bytes, raw_size, key_id (from v5.6), flags (from v6.16), and what is left of 80
    /// reserved. OK: the argument is fine.
    /// </summary>
    public Errno Add(ReadOnlySpan<byte> bytes, bool isAdministrator)
    {
        var hasIds = Release.IsAtLeast(KernelRelease.Named("v5.6")!);
        var hasFlags = Release.IsAtLeast(KernelRelease.Named("v6.18")!);
        var (type, size) = (Word(bytes, 0), Word(bytes, 40));
        var id = hasIds ? Word(bytes, 44) : 0;
        var flags = hasFlags ? Word(bytes, 48) : 0;
        var fits = size is >= 16 and <= 64;
        if (BadSpecifier(bytes) || bytes[(hasFlags ? 52 : hasIds ? 48 : 44)..80].ContainsAnyExcept((byte)0) || (!hasIds && !fits))
            return Errno.EINVAL;
        if (type == Descriptor && !isAdministrator)
            return Errno.EACCES;
        if (flags > 1 || (flags == 1 && type == Descriptor) || (id != 0 && size != 0))
            return Errno.EINVAL;
        if (id != 0)
            return Errno.ENOKEY;                                   // nobody has a key of the keys service
        return !fits ? Errno.EINVAL : flags == 1 ? Errno.EOPNOTSUPP : Errno.OK;
    }

    /// <summary>struct fscrypt_remove_key_arg: key_spec, removal_status_flags (only written), and 20 reserved bytes.</summary>
    public static Errno Remove(ReadOnlySpan<byte> bytes, bool isAdministrator, bool allUsers)
    {
        if (allUsers && !isAdministrator)
            return Errno.EACCES;
        if (BadSpecifier(bytes) || bytes[44..64].ContainsAnyExcept((byte)0))
            return Errno.EINVAL;
        return Word(bytes, 0) == Descriptor && !isAdministrator ? Errno.EACCES : Errno.OK;
    }

    /// <summary>struct fscrypt_get_key_status_arg: key_spec, 24 reserved bytes, and 64 that are written only.</summary>
    public static Errno Status(ReadOnlySpan<byte> bytes)
        => BadSpecifier(bytes) || bytes[40..64].ContainsAnyExcept((byte)0) ? Errno.EINVAL : Errno.OK;

    /// <summary>Whether two arguments mean the same key: of a name only as many bytes count as its type has.</summary>
    public static bool MeanTheSameKey(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
        => Word(a, 0) == Word(b, 0) && NameOf(a).SequenceEqual(NameOf(b));

    private static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> bytes) => bytes.Slice(8, Word(bytes, 0) == Descriptor ? 8 : 16);

    // struct fscrypt_key_specifier: type, 4 reserved bytes, and a union of 32.
    private static bool BadSpecifier(ReadOnlySpan<byte> bytes)
        => Word(bytes, 0) is not (Descriptor or Identifier) || Word(bytes, 4) != 0;

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
