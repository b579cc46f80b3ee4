using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// Why ->drop_inode may read without a lock whether the key is present, as the comment on fscrypt_drop_inode argues (v5.4): what it evicts
/// needlessly is only read again, and what it keeps because it read too early, the thread that removes the key either evicts itself or
/// finds still there. So: when REMOVE reports a key completely removed, with no ADD since, no inode has it that is not on its way out.
/// </summary>
/// <remarks>That nothing is lost by what is evicted needlessly is the rule lost-write.</remarks>
internal sealed class UnlockedInodes : IRule
{
    public string Name => "unlocked-inode";

    public string Summary => "after a complete removal no inode has the key, whenever ->drop_inode looked whether it is present";

    /// <summary>The number of the key is what REMOVE is about to report as completely removed.</summary>
    public void Removed(Kernel kernel, int number)
    {
        foreach (var inode in kernel.Inodes.All)
        {
            if (inode.IsAlive && (inode.State.Peek & InodeState.Dying) == 0
                && inode.CryptInfo.Peek is CryptInfo { MasterKey.Peek: { } key } && key.Number.Peek == number)
            {
                kernel.Host.Report(new Finding(
                    Name, $"REMOVE reports {kernel.Keyring.Identities.NameOf(number)} completely removed; {inode.Name} is not evicted, and has it") { Object = inode });
            }
        }
    }

    public void CheckAtEnd(Kernel kernel)
    {
    }
}
