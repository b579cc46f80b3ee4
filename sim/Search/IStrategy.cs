using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>Decides at each scheduling point of each execution. Implementations are structs, so that the engine inlines them.</summary>
public interface IStrategy
{
    /// <summary>
    /// Whether it is asked at every step, also where only one thread can run or a choice of data has one outcome: it then
    /// sees what <see cref="Fscrypt.Sim.Engines.StrategyHost{TStrategy}.Schedule"/> records, entry for entry.
    /// </summary>
    static virtual bool Always => false;

    /// <summary>A new execution begins.</summary>
    void Begin();

    /// <summary>Who runs next.</summary>
    /// <param name="host">The machine: <see cref="KernelHost.Announced"/> is what each thread does next.</param>
    /// <param name="enabled">Threads that can, a bit each; at least two, or one for those that are always asked.</param>
    /// <param name="current">The thread that ran last, or -1 at the beginning; whether it is enabled is for the strategy to see.</param>
    /// <returns>One of the enabled threads, or -1 to cut the execution.</returns>
    int Choose(KernelHost host, ulong enabled, int current);

    /// <summary>The outcome of a choice of data.</summary>
    /// <param name="options">At least 2, or 1 for those that are always asked.</param>
    /// <returns>0 to <paramref name="options"/> - 1.</returns>
    int ChooseData(int options);

    /// <summary>The execution has ended.</summary>
    /// <returns>Whether there is another one to run.</returns>
    bool Next();
}
