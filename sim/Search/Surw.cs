using System.Numerics;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Search;

/// <summary>
/// Selectively uniform random walk (Zhao et al., ASPLOS 2025). A thread is chosen with probability proportional to the
/// events that it has left, so that every order of them is as likely as every other; events that are not selected do not
/// weigh, and take place at random in between.
/// </summary>
/// <remarks>
/// <para>
/// For each execution one cell is drawn of those that are contended in the <see cref="Profile"/>, each as likely as any
/// other, and the events on it are selected. Of the threads one is intended to do the next of them, drawn by what they have
/// left; whoever else is about to do one is held, and of the others each may run, with equal probability. When no other can
/// run, or none has done a selected event for longer than whole executions of the profile took (somebody may poll for what a
/// held thread does), those that are held may go on. If no cell is contended, all events weigh: that is URW.
/// </para>
/// <para>
/// What a thread has left is the profile's mean; who can run has one event left at least. A thread that starts others has
/// their events as well, until it starts them: otherwise those that are started first would be too early too often.
/// </para>
/// </remarks>
public struct Surw : IStrategy
{
    private readonly ulong seed;
    private readonly Profile profile;
    private readonly Creations creations = new();
    private readonly int[] placeOf = new int[KernelHost.ThreadsMax];
    private readonly long[] left = new long[KernelHost.ThreadsMax];
    private ulong execution;
    private Draws draws;
    private CellName selected;
    private long[] events;
    private bool selects;
    private int intended;
    private int waited;

    /// <summary>A search.</summary>
    /// <param name="profile">What executions look like.</param>
    /// <param name="seed">Any number; the same gives the same schedules.</param>
    /// <param name="first">Number of the first execution.</param>
    public Surw(Profile profile, ulong seed, ulong first = 0)
    {
        this.seed = seed;
        this.profile = profile;
        events = profile.Events();
        execution = first;
    }

    /// <summary>Every event is counted, also where there is no choice.</summary>
    public static bool Always => true;

    public void Begin() => Begin(execution);

    public int Choose(KernelHost host, ulong enabled, int current)
    {
        while (creations.TryNext(host, out var thread, out var creator, out var before))
            Admit(thread, creator, before);
        var chosen = selects ? ChooseSelecting(host, enabled) : ByEventsLeft(enabled);
        if (!selects || selected.Is(in host.Announced(chosen)))
        {
            left[chosen] -= Profile.Runs;
            intended = -1;
            waited = 0;
        }

        return chosen;
    }

    public int ChooseData(int options) => draws.Below(options);

    public bool Next()
    {
        execution++;
        return true;
    }

    /// <summary>A new execution begins, with a number of the caller's.</summary>
    internal void Begin(ulong number)
    {
        draws = new Draws(seed, number);
        creations.Begin();
        intended = -1;
        waited = 0;
        selects = profile.Contended > 0;
        if (!selects)
            return;
        var cell = draws.Below(profile.Contended);
        selected = profile.NameOf(cell);
        events = profile.EventsOn(cell);
    }

    private int ChooseSelecting(KernelHost host, ulong enabled)
    {
        if (intended < 0 || host.Announced(intended).Kind == OperationKind.None)
            Intend(host);
        var free = enabled;
        for (var rest = enabled; rest != 0; rest &= rest - 1)
        {
            var thread = BitOperations.TrailingZeroCount(rest);
            if (thread != intended && selected.Is(in host.Announced(thread)))
                free &= ~(1UL << thread);
        }

        if (++waited > profile.StepsMax)
            free = enabled;
        return free == 0 ? ByEventsLeft(enabled) : Bits.At(free, draws.Below(BitOperations.PopCount(free)));
    }

    /// <summary>Draws who is to do the next selected event, of all threads that have some left, blocked ones included.</summary>
    private void Intend(KernelHost host)
    {
        var sum = 0L;
        for (var thread = 0; thread < host.ThreadCount; thread++)
            sum += Weight(host, thread);
        intended = -1;
        if (sum == 0)
            return;                                      // more than in the profile: whoever comes first
        var drawn = draws.Below(sum);
        do
            drawn -= Weight(host, ++intended);
        while (drawn >= 0);
    }

    private readonly long Weight(KernelHost host, int thread)
        => host.Announced(thread).Kind == OperationKind.None ? 0 : Math.Max(0, left[thread]);

    private int ByEventsLeft(ulong enabled)
    {
        var sum = 0L;
        for (var rest = enabled; rest != 0; rest &= rest - 1)
            sum += Math.Max(Profile.Runs, left[BitOperations.TrailingZeroCount(rest)]);
        var drawn = draws.Below(sum);
        while (true)
        {
            var thread = BitOperations.TrailingZeroCount(enabled);
            drawn -= Math.Max(Profile.Runs, left[thread]);
            if (drawn < 0)
                return thread;
            enabled &= enabled - 1;
        }
    }

    /// <summary>A thread is there: from now on it has its events itself, and its creator has them no more.</summary>
    private void Admit(int thread, int creator, int before)
    {
        var place = creator < 0 ? profile.PlaceOf(-1, before) : placeOf[creator] < 0 ? -1 : profile.PlaceOf(placeOf[creator], before);
        placeOf[thread] = place;
        left[thread] = place < 0 ? 0 : events[place];
        if (creator < 0)
            return;
        if (intended == creator && left[thread] > 0 && draws.Below(Math.Max(left[creator], left[thread])) < left[thread])
            intended = thread;
        left[creator] -= left[thread];
    }
}
