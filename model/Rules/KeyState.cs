using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Rules;

/// <summary>
/// The parts of a key's state agree, when nobody is changing them: a present key has its secret; its active references are
/// its presence and its inodes; it is in the table exactly as long as it has any.
/// </summary>
internal sealed class KeyState : IRule
{
    public string Name => "key-state";

    public string Summary => "status, secret, references and table of a key agree";

    public void CheckAtEnd(Kernel kernel)
    {
        foreach (var key in kernel.Keyring.All)
        {
            if (!key.IsAlive)
                continue;
            var active = (key.Present.Peek ? 1 : 0) + key.DecryptedInodes.PeekCount;
            if (key.ActiveRefs.Peek != active)
                kernel.Host.Report(new Finding(Name, $"{key.Name} has {key.ActiveRefs.Peek} active references, {active} are accounted for") { Object = key });
            if (key.Present.Peek != key.Secret.Peek)
                kernel.Host.Report(new Finding(Name, $"{key.Name}: present is {key.Present.Peek}, and its secret is {(key.Secret.Peek ? "there" : "wiped")}") { Object = key });
            if (key.HashLink.Peek != key.ActiveRefs.Peek > 0)
                kernel.Host.Report(new Finding(Name, $"{key.Name} has {key.ActiveRefs.Peek} active references and is {(key.HashLink.Peek ? "" : "not ")}in the table") { Object = key });
        }
    }
}
