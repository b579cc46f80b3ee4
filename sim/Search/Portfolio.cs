using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Four strategies in turn: <see cref="RandomWalk"/>, <see cref="Pct"/> with the depths from 1 on in turn, <see cref="Pos"/>
/// and <see cref="Surw"/>. What each finds easily the others may miss. Execution i is what its strategy has as execution i
/// when it is alone.
/// </summary>
public struct Portfolio : IStrategy
{
    private const int Members = 4;

    private readonly int depthMax;
    private ulong execution;
    private RandomWalk walk;
    private Pct pct;
    private Pos pos;
    private Surw surw;

    /// <summary>A search.</summary>
    /// <param name="profile">What executions look like.</param>
    /// <param name="depthMax">The largest depth of <see cref="Pct"/>.</param>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public Portfolio(Profile profile, int depthMax, ulong seed, ulong first = 0)
    {
        this.depthMax = depthMax;
        execution = first;
        walk = new RandomWalk(seed);
        pct = new Pct(profile, depthMax, seed);
        pos = new Pos(seed);
        surw = new Surw(profile, seed);
    }

    /// <summary>Some of its members are; those that are not see only what they would see alone.</summary>
    public static bool Always => true;

    private readonly int Member => (int)(execution % Members);

    public void Begin()
    {
        switch (Member)
        {
            case 0:
                walk.Begin(execution);
                break;
            case 1:
                pct.Begin(execution, DepthOf(execution, depthMax));
                break;
            case 2:
                pos.Begin(execution);
                break;
            default:
                surw.Begin(execution);
                break;
        }
    }

    public int Choose(KernelHost host, ulong enabled, int current) => Member switch
    {
        2 => pos.Choose(host, enabled, current),
        3 => surw.Choose(host, enabled, current),
        _ when BitOperations.IsPow2(enabled) => BitOperations.TrailingZeroCount(enabled),
        0 => walk.Choose(host, enabled, current),
        _ => pct.Choose(host, enabled, current),
    };

    public int ChooseData(int options) => Member switch
    {
        2 => pos.ChooseData(options),
        3 => surw.ChooseData(options),
        _ when options == 1 => 0,
        0 => walk.ChooseData(options),
        _ => pct.ChooseData(options),
    };

    public bool Next()
    {
        execution++;
        return true;
    }

    /// <summary>The depth that <see cref="Pct"/> has in an execution that is its own.</summary>
    internal static int DepthOf(ulong execution, int depthMax) => 1 + (int)(execution / Members % (ulong)depthMax);
}
