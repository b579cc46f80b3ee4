using Fscrypt.Sim.Model;

namespace Fscrypt.Sim.Scenarios;

/// <summary>What the three first scenarios begin with: an encrypted directory d with a file f that says "hello".</summary>
internal sealed class EncryptedFile
{
    public EncryptedFile(Kernel kernel)
    {
        var disk = kernel.Disk;
        var directory = disk.AddDirectory(Fscrypt.Sim.Model.Vfs.Disk.RootNumber, "d", Key);
        disk.AddFile(directory, "f", "hello");
        Path = [disk.FileName("d"), disk.FileName("f")];
        World = disk.Text("world");
    }

    /// <summary>Number of the key K1.</summary>
    public const int Key = 0;

    /// <summary>d/f.</summary>
    public int[] Path { get; }

    /// <summary>The text that a writer writes.</summary>
    public int World { get; }
}
