using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Chooses among the enabled threads with equal probability at every point. Execution i of seed s is the same whether or
/// not those before it were run.
/// </summary>
public struct RandomWalk : IStrategy
{
    private readonly ulong seed;
    private ulong execution;
    private Draws draws;

    /// <summary>A walk.</summary>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public RandomWalk(ulong seed, ulong first = 0)
    {
        this.seed = seed;
        execution = first;
        Begin();
    }

    public void Begin() => Begin(execution);

    public int Choose(KernelHost host, ulong enabled, int current) => Bits.At(enabled, draws.Below(BitOperations.PopCount(enabled)));

    public int ChooseData(int options) => draws.Below(options);

    public bool Next()
    {
        execution++;
        return true;
    }

    /// <summary>A new execution begins, with a number of the caller's.</summary>
    internal void Begin(ulong number) => draws = new Draws(seed, number);
}
