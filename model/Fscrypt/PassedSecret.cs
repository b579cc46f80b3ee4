using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Fscrypt;

/// <summary>struct fscrypt_master_key_secret on the stack of who adds a key: moved into the key, or wiped when he has ended.</summary>
public sealed class PassedSecret(KernelHost host) : KernelObject(host)
{
    [KernelName("secret")]
    public Secret Secret;

    /// <summary>The bytes.</summary>
    [KernelName("secret.raw")]
    public Plain<int> Raw;

    public override string Name => "stack of ADD";
}
