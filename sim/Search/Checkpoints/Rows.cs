using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fscrypt.Sim.Search.Checkpoints;

/// <summary>Rows of numbers in a checkpoint, as they are in memory.</summary>
internal static class Rows
{
    public static void WriteRow<T>(this BinaryWriter to, ReadOnlySpan<T> row)
        where T : unmanaged
    {
        to.Write(row.Length);
        to.Write(MemoryMarshal.AsBytes(row));
    }

    public static T[] ReadRow<T>(this BinaryReader from)
        where T : unmanaged
    {
        var length = from.ReadInt32();
        if (length < 0 || (long)length * Unsafe.SizeOf<T>() > from.BaseStream.Length - from.BaseStream.Position)
            throw new InvalidDataException("a row of a checkpoint is longer than what is left of it");
        var row = new T[length];
        from.BaseStream.ReadExactly(MemoryMarshal.AsBytes(row.AsSpan()));
        return row;
    }
}
