namespace Fscrypt.Sim.Model.Machine;

/// <summary>Sees what happens on a machine, step by step. It looks, and changes nothing.</summary>
public interface IStepObserver
{
    /// <summary>A step begins: the running thread is about to apply what it announced.</summary>
    void OnStep(KernelThread thread, in Operation operation);

    /// <summary>The operation took effect; the code that follows it is still to come.</summary>
    /// <param name="thread">The running thread.</param>
    /// <param name="operation">What it did.</param>
    /// <param name="result">The result as bits, for operations that have one.</param>
    void OnApplied(KernelThread thread, in Operation operation, long result);

    /// <summary>A step that only queues for a sleeping lock that is not free.</summary>
    void OnQueue(KernelThread thread, in Operation operation);

    /// <summary>A plain access, which is no step of its own.</summary>
    void OnAccess(KernelThread thread, KernelObject owner, ushort offset, bool write);

    /// <summary>Something was found, by the code that runs right now.</summary>
    void OnFinding(Finding finding);
}
