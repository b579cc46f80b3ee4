using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>No acknowledged write is lost: what a reader finds, in the pages or on the disk, is the last one.</summary>
internal sealed class AcknowledgedWrites : IRule
{
    public string Name => "lost-write";

    public string Summary => "no acknowledged write is lost";

    public void CheckAtEnd(Kernel kernel)
    {
        for (var number = 0; number < kernel.Disk.Inodes.Length; number++)
        {
            if (kernel.Disk.Inodes[number] is not { } disk)
                continue;
            var cached = kernel.Inodes.Hash.Peek((ulong)number);
            if (disk.Links.Value == 0 && cached is not { Count.Peek: > 0 })
                continue;                                          // deleted, and nobody has it open
            var found = cached is { } && cached.Folio.Peek.Has(FolioFlags.Uptodate) ? cached.Folio.Peek.Data : disk.Data.Peek;
            if (found != disk.Acknowledged.Value && !disk.WriteFailed.Value)
            {
                kernel.Host.Report(new Finding(
                    Name, $"ino:{number} holds '{kernel.Disk.TextOf(found)}', the last acknowledged write was "
                        + $"'{kernel.Disk.TextOf(disk.Acknowledged.Value)}'"));
            }
        }
    }
}
