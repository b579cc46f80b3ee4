namespace Fscrypt.Sim.Search.Reduction;

/// <summary>
/// Sleep sets and nothing else (Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, LNCS 1032,
/// 1996): every thread that can run and does not sleep is tried. Each trace is looked at once, and on the way there are
/// executions that turn out to be known and are given up. Nothing flows from one branch to its siblings but who sleeps.
/// </summary>
internal sealed class SleepSets(Path path, int stepsMax) : Reducer(path, stepsMax)
{
    protected override int Choose(ulong awake) => First(awake);

    protected override bool IsDone(ulong awake) => awake == 0;
}
