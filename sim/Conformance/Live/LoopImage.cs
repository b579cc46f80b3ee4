using System.Diagnostics;
using System.Globalization;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// A small ext4 image in anonymous memory, behind a loop device. Neither has a name that could be left over: the memory goes with
/// the last descriptor, and the device detaches itself (LO_FLAGS_AUTOCLEAR) when its last user is gone, killed or not.
/// </summary>
internal sealed class LoopImage : IDisposable
{
    private const int Size = 16 << 20;
    private const int Block = 4096;
    private const int Tries = 32;
    private const int AutoClear = 4;
    private const uint GetFree = 0x4c82;
    private const uint Configure = 0x4c0a;
    private const uint FlushBuffers = 0x1261;

    private readonly int memory;
    private readonly int device;
    private readonly List<(long Offset, byte[] Data)> fresh = [];

    /// <summary>Makes the file system and attaches it.</summary>
    /// <exception cref="LiveException">It cannot be made; the message says why.</exception>
    public LoopImage()
    {
        memory = (int)LiveException.Checked(SystemCall.WithText(319, NameFor(Environment.ProcessId), 1), "memfd_create");
        LiveException.Checked(SystemCall.Any(77, memory, Size), "ftruncate of the image");
        MakeFileSystem();
        var block = new byte[Block];
        for (long at = 0; at < Size; at += Block)
        {
            LiveException.Checked(SystemCall.Read(memory, block, at), "reading the image");
            if (block.AsSpan().ContainsAnyExcept((byte)0))
                fresh.Add((at, [.. block]));
        }

        (device, Path) = Attach();
    }

    /// <summary>The loop device.</summary>
    public string Path { get; }

    /// <summary>What the images of a process are called where loop devices are listed.</summary>
    public static string NameFor(int process) => string.Create(CultureInfo.InvariantCulture, $"fscrypt-sim-{process}");

    /// <summary>Gives the image the content that it had when it was made. Nothing may be mounted from it.</summary>
    public void Renew()
    {
        LiveException.Checked(SystemCall.Any(77, memory, 0), "ftruncate of the image");
        LiveException.Checked(SystemCall.Any(77, memory, Size), "ftruncate of the image");
        foreach (var (offset, data) in fresh)
            LiveException.Checked(SystemCall.Write(memory, data, offset), "writing the image");
        LiveException.Checked(SystemCall.Any(16, device, FlushBuffers), "BLKFLSBUF");
    }

    public void Dispose()
    {
        SystemCall.Close(device);
        SystemCall.Close(memory);
    }

    private void MakeFileSystem()
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{memory}");
        var start = new ProcessStartInfo("mkfs.ext4") { UseShellExecute = false, RedirectStandardError = true };
        foreach (var argument in new[] { "-q", "-F", "-O", "encrypt", "-E", "lazy_itable_init=0", "-b", "4096", "-N", "2048", "-m", "0", path })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new LiveException($"mkfs.ext4 failed: {error.Trim()}");
    }

    // Somebody else may take the device that was free a moment ago.
    private (int Device, string Path) Attach()
    {
        var control = (int)LiveException.Checked(SystemCall.Open(SystemCall.AtCurrentDirectory, "/dev/loop-control", SystemCall.ReadWrite), "/dev/loop-control");
        try
        {
            for (var i = 0; i < Tries; i++)
            {
                var number = LiveException.Checked(SystemCall.Any(16, control, GetFree), "LOOP_CTL_GET_FREE");
                var path = string.Create(CultureInfo.InvariantCulture, $"/dev/loop{number}");
                var opened = (int)LiveException.Checked(SystemCall.Open(SystemCall.AtCurrentDirectory, path, SystemCall.ReadWrite), path);
                var configuration = new byte[304];
                BitConverter.TryWriteBytes(configuration, memory);
                BitConverter.TryWriteBytes(configuration.AsSpan(8 + 52), AutoClear);
                var result = SystemCall.Ioctl(opened, Configure, configuration);
                if (result >= 0)
                    return (opened, path);
                SystemCall.Close(opened);
                if (SystemCall.NameOf(result) != "EBUSY")
                    throw new LiveException($"LOOP_CONFIGURE of {path}: {SystemCall.NameOf(result)}");
            }

            throw new LiveException("every loop device was taken by somebody else");
        }
        finally
        {
            SystemCall.Close(control);
        }
    }
}
