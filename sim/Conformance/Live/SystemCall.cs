using System.Runtime.InteropServices;
using System.Text;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>System calls of Linux on x86-64. What fails returns the negative error number, as the kernel itself does.</summary>
internal static unsafe partial class SystemCall
{
    public const int AtCurrentDirectory = -100;
    public const int AtSymlinkNoFollow = 0x100;
    public const int AtRemoveDirectory = 0x200;
    public const int AtSymlinkFollow = 0x400;
    public const int AtEmptyPath = 0x1000;

    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int Directory = 0x10000;
    public const int NoFollow = 0x20000;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;
    public const int Temporary = 0x400000 | Directory;

    public const int CloneFs = 0x200;
    public const int CloneNewMounts = 0x20000;

    private const int BufferMax = 65_536;

    /// <summary>Any system call.</summary>
    public static long Any(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0)
    {
        var result = Raw(number, a, b, c, d, e, f);
        return result == -1 ? -Marshal.GetLastPInvokeError() : result;
    }

    /// <summary>A system call whose first argument is a text.</summary>
    public static long WithText(long number, string text, long b = 0, long c = 0, long d = 0, long e = 0)
    {
        fixed (byte* p = Terminated(text))
            return Any(number, (long)p, b, c, d, e);
    }

    /// <summary>A system call on a path below a directory.</summary>
    public static long At(long number, int directory, string path, long c = 0, long d = 0)
    {
        fixed (byte* p = Terminated(path))
            return Any(number, directory, (long)p, c, d);
    }

    /// <summary>A system call on two paths.</summary>
    public static long AtBoth(long number, (int Directory, string Path) from, (int Directory, string Path) to, long flags)
    {
        fixed (byte* a = Terminated(from.Path), b = Terminated(to.Path))
            return Any(number, from.Directory, (long)a, to.Directory, (long)b, flags);
    }

    /// <summary><c>openat</c>.</summary>
    public static int Open(int directory, string path, int flags) => (int)At(257, directory, path, flags | CloseOnExec, 0x1b6);

    /// <summary><c>close</c>.</summary>
    public static int Close(int descriptor) => (int)Any(3, descriptor);

    /// <summary><c>symlinkat</c>.</summary>
    public static int Symlink(string target, int directory, string path)
    {
        fixed (byte* t = Terminated(target), p = Terminated(path))
            return (int)Any(266, (long)t, directory, (long)p);
    }

    /// <summary><c>readlinkat</c>.</summary>
    public static int ReadLink(int directory, string path, out string target)
    {
        var buffer = new byte[4096];
        fixed (byte* p = Terminated(path), b = buffer)
        {
            var length = (int)Any(267, directory, (long)p, (long)b, buffer.Length);
            target = length > 0 ? Encoding.UTF8.GetString(buffer, 0, length) : "";
            return length;
        }
    }

    /// <summary><c>pread</c>.</summary>
    public static int Read(int descriptor, Span<byte> into, long offset)
    {
        fixed (byte* b = into)
            return (int)Any(17, descriptor, (long)b, into.Length, offset);
    }

    /// <summary><c>pwrite</c>.</summary>
    public static int Write(int descriptor, ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* b = data)
            return (int)Any(18, descriptor, (long)b, data.Length, offset);
    }

    /// <summary><c>write</c>, at the place where the file is.</summary>
    public static int Write(int descriptor, ReadOnlySpan<byte> data)
    {
        fixed (byte* b = data)
            return (int)Any(1, descriptor, (long)b, data.Length);
    }

    /// <summary><c>ioctl</c> with an argument in memory.</summary>
    public static int Ioctl(int descriptor, uint command, Span<byte> argument)
    {
        fixed (byte* b = argument)
            return (int)Any(16, descriptor, command, (long)b);
    }

    /// <summary><c>mount</c>.</summary>
    public static int Mount(string source, string target, string type, long flags, string? data = null)
    {
        fixed (byte* s = Terminated(source), t = Terminated(target), y = Terminated(type), d = data == null ? null : Terminated(data))
            return (int)Any(165, (long)s, (long)t, (long)y, flags, (long)d);
    }

    /// <summary><c>statx</c>.</summary>
    public static int Stat(int directory, string path, int flags, out FileState state)
    {
        var buffer = new byte[256];
        fixed (byte* p = Terminated(path), b = buffer)
        {
            var result = (int)Any(332, directory, (long)p, flags, 0xfff, (long)b);
            state = new FileState(*(ushort*)(b + 28), *(long*)(b + 32), *(int*)(b + 16), *(long*)(b + 40), (*(long*)(b + 8) & 0x800) != 0,
                ((long)*(uint*)(b + 136) << 32) | *(uint*)(b + 140));
            return result;
        }
    }

    /// <summary><c>getdents64</c>, to the end.</summary>
    public static int ReadDirectory(int descriptor, List<(long Inode, string Name)> entries)
    {
        var buffer = new byte[BufferMax];
        fixed (byte* b = buffer)
        {
            while (true)
            {
                var length = (int)Any(217, descriptor, (long)b, buffer.Length);
                if (length <= 0)
                    return length;
                for (var at = 0; at < length; at += *(ushort*)(b + at + 16))
                    entries.Add((*(long*)(b + at), Marshal.PtrToStringUTF8((nint)(b + at + 19))!));
            }
        }
    }

    /// <summary>OK, or the name of the error.</summary>
    public static string NameOf(long result) => result >= 0 ? "OK" : Errors.GetValueOrDefault((int)-result) ?? $"E{-result}";

    private static byte[] Terminated(string text) => Encoding.UTF8.GetBytes(text + "\0");

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Raw(long number, long a, long b, long c, long d, long e, long f);

    private static readonly Dictionary<int, string> Errors = new()
    {
        [1] = "EPERM", [2] = "ENOENT", [5] = "EIO", [9] = "EBADF", [11] = "EAGAIN", [12] = "ENOMEM", [13] = "EACCES", [14] = "EFAULT",
        [15] = "ENOTBLK", [16] = "EBUSY", [17] = "EEXIST", [18] = "EXDEV", [19] = "ENODEV", [20] = "ENOTDIR", [21] = "EISDIR", [22] = "EINVAL", [24] = "EMFILE",
        [25] = "ENOTTY", [26] = "ETXTBSY", [28] = "ENOSPC", [30] = "EROFS", [31] = "EMLINK", [36] = "ENAMETOOLONG", [38] = "ENOSYS",
        [39] = "ENOTEMPTY", [40] = "ELOOP", [61] = "ENODATA", [65] = "ENOPKG", [74] = "EBADMSG", [75] = "EOVERFLOW", [95] = "EOPNOTSUPP",
        [116] = "ESTALE", [117] = "EUCLEAN", [122] = "EDQUOT", [126] = "ENOKEY", [127] = "EKEYEXPIRED", [128] = "EKEYREVOKED",
        [129] = "EKEYREJECTED",
    };
}

/// <summary>What <c>statx</c> says of a file.</summary>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Inode">Its number.</param>
/// <param name="Links">Names that it has.</param>
/// <param name="Size">Its length.</param>
/// <param name="IsEncrypted">Whether it has the attribute.</param>
/// <param name="Device">The file system that it is on.</param>
internal readonly record struct FileState(int Mode, long Inode, int Links, long Size, bool IsEncrypted, long Device);
