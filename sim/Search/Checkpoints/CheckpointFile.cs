using System.IO.Hashing;
using System.Text;

namespace Fscrypt.Sim.Search.Checkpoints;

/// <summary>
/// Where a search was, in a file: a line of JSON that says which search, its position and what it had counted (numbers, as
/// <see cref="BinaryWriter"/> writes them), and at the end a sum over all that.
/// </summary>
public static class CheckpointFile
{
    private const int SumLength = sizeof(ulong);
    private const int BufferSize = 1 << 16;
    private const int LineMax = 1 << 24;

    /// <summary>Writes one; the file appears whole or not at all, and the one before it stays until then.</summary>
    public static void Write(string path, CheckpointHeader header, Action<BinaryWriter> position)
    {
        var temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, BufferSize))
        {
            file.Write(header.ToLine());
            file.WriteByte((byte)'\n');
            using (var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true))
                position(writer);
            file.Write(SumOf(file, file.Length));
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Reads one; null, and why, if this program cannot go on from there.</summary>
    /// <exception cref="IOException">There is none, or it cannot be read.</exception>
    public static (CheckpointHeader Header, BinaryReader Position)? Read(string path, out string? refusal)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize);
        if (Read(file, out refusal) is { } header)
            return (header, new BinaryReader(file, Encoding.UTF8));
        file.Dispose();
        return null;
    }

    /// <summary>Whether there can be one at a path, which a search that runs for long wants to know before.</summary>
    /// <exception cref="IOException">There cannot.</exception>
    public static void Probe(string path)
    {
        if (Directory.Exists(path))
            throw new IOException("it is a directory");
        File.WriteAllBytes(path + ".tmp", []);
        File.Delete(path + ".tmp");
    }

    private static CheckpointHeader? Read(FileStream file, out string? refusal)
    {
        var line = new List<byte>();
        for (var next = file.ReadByte(); next != '\n' && next >= 0 && line.Count < LineMax; next = file.ReadByte())
            line.Add((byte)next);
        if (CheckpointHeader.FromLine(line.ToArray(), out refusal) is not { } header)
            return null;
        var begin = file.Position;
        var sum = new byte[SumLength];
        var length = file.Length - SumLength;
        if (length < begin || !SumOf(file, length).AsSpan().SequenceEqual(sum.AsSpan(0, file.Read(sum))))
        {
            refusal = "a damaged checkpoint: the sum at its end is not that of the file";
            return null;
        }

        file.Position = begin;
        return header;
    }

    // Leaves the file where the sum is, or is to be.
    private static byte[] SumOf(FileStream file, long length)
    {
        var hash = new XxHash3();
        var buffer = new byte[BufferSize];
        file.Position = 0;
        for (int read; length > 0 && (read = file.Read(buffer, 0, (int)Math.Min(length, buffer.Length))) > 0; length -= read)
            hash.Append(buffer.AsSpan(0, read));
        return hash.GetCurrentHash();
    }
}
