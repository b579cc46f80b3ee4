using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Model.Vfs;

/// <summary>Something that may go wrong in a scenario, up to a number of times: an I/O error. It is a choice of the environment.</summary>
public sealed class Fault(KernelHost host, string what) : KernelObject(host)
{
    /// <summary>Any number of times.</summary>
    public const int Unlimited = -1;

    /// <summary>How often it may still happen; nothing unless a scenario says so.</summary>
    [KernelName("left")]
    public Atomic Left;

    /// <summary>Whether it can happen at all in this scenario: otherwise it is not even a step.</summary>
    [field: Wiring]
    public bool IsPossible { get; set; }

    public override string Name => "fault:" + what;

    /// <summary>Whether it happens now.</summary>
    internal async KTask<bool> Happens()
    {
        if (!IsPossible)
            return false;
        var left = await Left.Read();
        if (left == 0 || await Host.Choose(2) == 0)
            return false;

        // Another thread may have had it meanwhile; who is as early as that has it in another schedule.
        return left == Unlimited || await Left.CompareExchange(left, left - 1);
    }
}
