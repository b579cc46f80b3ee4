using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// Finds two plain accesses of one field, at least one a write, that nothing orders (as KCSAN does by chance, this does by
/// happens-before: FastTrack, Flanagan and Freund, PLDI 2009). A field keeps the epoch of its last write and of its last
/// read; concurrent readers share a row.
/// </summary>
internal static class RaceDetector
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(KernelObject owner, ushort offset, KernelThread thread, uint write, ref uint read)
    {
        if (!thread.Knows(write))
            Report(owner, offset, thread, write, "write", "read");
        if (read != thread.Epoch)
            RememberRead(thread, ref read);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(KernelObject owner, ushort offset, KernelThread thread, ref uint write, ref uint read)
    {
        if (!thread.Knows(write))
            Report(owner, offset, thread, write, "write", "write");
        if (read != thread.Epoch && read != 0)
            CheckReaders(owner, offset, thread, ref read);
        write = thread.Epoch;
    }

    private static void RememberRead(KernelThread thread, ref uint read)
    {
        if (Epochs.IsMany(read))
        {
            thread.Host.Clocks.Row(Epochs.Clock(read))[thread.Index] = thread.Clock[thread.Index];
        }
        else if (read == 0 || thread.Knows(read))
        {
            read = thread.Epoch;
        }
        else
        {
            var earlier = read;
            var readers = thread.Host.Clocks.Blank();
            read = Epochs.Of(Epochs.Many, readers);
            var row = thread.Host.Clocks.Row(readers);
            row[Epochs.Thread(earlier)] = Epochs.Clock(earlier);
            row[thread.Index] = thread.Clock[thread.Index];
        }
    }

    private static void CheckReaders(KernelObject owner, ushort offset, KernelThread thread, ref uint read)
    {
        if (!Epochs.IsMany(read))
        {
            if (!thread.Knows(read))
                Report(owner, offset, thread, read, "read", "write");
            return;
        }

        var row = thread.Host.Clocks.Row(Epochs.Clock(read));
        for (var reader = 0; reader < row.Length; reader++)
        {
            if (row[reader] > 0 && !thread.Knows(Epochs.Of(reader, row[reader])))
                Report(owner, offset, thread, Epochs.Of(reader, row[reader]), "read", "write");
        }

        thread.Host.Clocks.Drop(Epochs.Clock(read));
        read = 0;
    }

    private static void Report(KernelObject owner, ushort offset, KernelThread thread, uint earlier, string first, string second)
    {
        var host = thread.Host;
        var other = host.Threads[Epochs.Thread(earlier)];
        var field = new Operation(owner, offset, OperationKind.PlainAccess).Target;
        host.Report(new Finding(
            "data-race", $"{field}: {first} by {other.Name}, then {second} by {thread.Name}, with nothing that orders them")
        {
            Object = owner, Offset = offset, Other = other.Index, OtherClock = Epochs.Clock(earlier),
        });
    }
}
