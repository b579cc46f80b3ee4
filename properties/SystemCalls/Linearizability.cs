using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>What the kernel does that no order of whole operations explains.</summary>
[Flags]
internal enum Allowances
{
    None = 0,

    /// <summary>After a complete removal the key is still found for an instant, while a third task drops its last reference.</summary>
    Instant = 1 << 0,

    /// <summary>Unlocked files of a key that is removed incompletely may go at any time, and the key with the last of them.</summary>
    Disappearance = 1 << 1,

    /// <summary>A removal reports FILES_BUSY of a key that is present, because it was added again.</summary>
    AddedAgain = 1 << 2,

    /// <summary>A removal reports FILES_BUSY though no file is open, because somebody else had a reference for a moment.</summary>
    InPassing = 1 << 3,

    /// <summary>Up to v6.0: a key that nothing refers to is found until somebody collects it; removing it is OK.</summary>
    DeadWindow = 1 << 4,

    All = Instant | Disappearance | AddedAgain | InPassing | DeadWindow,
}

/// <summary>
/// Whether a history of overlapping operations is one that <see cref="KeySpecification"/> allows: whether there is a point in
/// time for each part of each operation, between its call and its answer, so that they come to these answers one after another.
/// </summary>
/// <remarks>
/// Wing and Gong, "Testing and Verifying Concurrent Objects", J. Parallel and Distributed Computing 17, 1993, with the memory of
/// states that led nowhere of Lowe, "Testing for linearizability", Concurrency and Computation 29(4), 2017. Operations of two
/// parts have two points. That files are locked again is a step of nobody's: it is taken wherever it helps, while a removal of
/// their key is under way (or at any time, see <see cref="Allowances.Disappearance"/>).
/// </remarks>
/// <param name="rules">What the release answers differently.</param>
/// <param name="allowances">What may happen besides.</param>
internal sealed class Linearizability(KeyRules rules, Allowances allowances = Allowances.All)
{
    private readonly HashSet<string> dead = new(StringComparer.Ordinal);
    private TimedCall[][] threads = [];

    /// <summary>Whether a history can be explained.</summary>
    /// <param name="setup">Operations before it, one after another.</param>
    /// <param name="history">The operations, those of each thread in their order.</param>
    public bool Explains(IEnumerable<string> setup, IEnumerable<TimedCall> history)
    {
        dead.Clear();
        threads = [.. history.GroupBy(c => c.Thread).OrderBy(g => g.Key).Select(g => g.ToArray())];
        var specification = new KeySpecification(rules);
        foreach (var call in setup)
            specification.Answer(call);
        return Search(specification, new int[threads.Length], new int[threads.Length]);
    }

    private bool Search(KeySpecification state, int[] next, int[] part)
    {
        if (next.Select((n, t) => n == threads[t].Length).All(ended => ended))
            return true;
        var key = Describe(state, next, part);
        if (dead.Contains(key))
            return false;
        for (var thread = 0; thread < threads.Length; thread++)
        {
            if (next[thread] < threads[thread].Length && IsDue(threads[thread][next[thread]], next) && Step(state, next, part, thread))
                return true;
        }

        if (Evictions(state, next, part).Any(path => Search(Without(state, path), next, part)))
            return true;
        dead.Add(key);
        return false;
    }

    // An operation that ended before this one began comes before it.
    private bool IsDue(TimedCall call, int[] next)
        => !next.Where((n, t) => n < threads[t].Length && threads[t][n].Precedes(call)).Any();

    private bool Step(KeySpecification state, int[] next, int[] part, int thread)
    {
        var call = threads[thread][next[thread]];
        var after = state.Clone();
        var answer = after.Part(call.Words, part[thread]);
        if (answer == null)
            return Search(after, next, With(part, thread, part[thread] + 1));
        if (!IsAllowed(call, answer, state, part[thread]))
            return false;
        return Search(after, With(next, thread, next[thread] + 1), With(part, thread, 0));
    }

    private bool IsAllowed(TimedCall call, string answer, KeySpecification state, int part)
    {
        if (KeySpecification.IsRemoval(call.Words) && part > 0)
            return call.Answer == answer && (answer == "OK" || IsBusy(call, state));
        if (call.Answer == answer)
            return true;

        // Somebody is still dropping the last reference: the key has no files any more, and is found.
        var name = call.Words[1] == "status" || KeySpecification.IsRemoval(call.Words) ? KeySpecification.KeyOf(call.Words) : null;
        if (name == null || !state.WasAdded(name) || state.IsPresent(name) || !Others(call).Any(Refers))
            return false;
        return (answer, call.Answer) switch
        {
            ("ABSENT", "INCOMPLETELY_REMOVED") => Has(Allowances.Instant) || IsDeadFound,
            ("ENOKEY", "OK") => Has(Allowances.Instant) || IsDeadFound,
            _ => false,
        };
    }

    private bool IsDeadFound => rules.DeadKeysAnswer && Has(Allowances.DeadWindow);

    // FILES_BUSY: somebody has a file open, or the key is there again, or another operation was on its way.
    private bool IsBusy(TimedCall call, KeySpecification state)
    {
        var key = KeySpecification.KeyOf(call.Words);
        return state.IsHeld(key) || (Has(Allowances.AddedAgain) && state.IsPresent(key))
            || (Has(Allowances.InPassing) && Others(call).Any(Refers));
    }

    private IEnumerable<TimedCall> Others(TimedCall call)
        => threads.SelectMany(t => t).Where(c => c.Thread != call.Thread && c.Overlaps(call));

    private static bool Refers(TimedCall call) => call.Words[1] is not ("add_key" or "status");

    private IEnumerable<string> Evictions(KeySpecification state, int[] next, int[] part)
    {
        foreach (var key in state.Incompletes())
        {
            var isRemoved = threads.Where((t, i) => part[i] > 0 && Removes(t[next[i]].Words, key)).Any();
            if (!isRemoved && !Has(Allowances.Disappearance))
                continue;
            foreach (var path in state.Evictable(key))
                yield return path;
        }
    }

    private static bool Removes(string[] words, string key) => KeySpecification.IsRemoval(words) && KeySpecification.KeyOf(words) == key;

    private bool Has(Allowances allowance) => (allowances & allowance) != 0;

    private static KeySpecification Without(KeySpecification state, string path)
    {
        var after = state.Clone();
        after.Evict(path);
        return after;
    }

    private static int[] With(int[] numbers, int index, int value)
    {
        int[] copy = [.. numbers];
        copy[index] = value;
        return copy;
    }

    private static string Describe(KeySpecification state, int[] next, int[] part)
    {
        var text = new StringBuilder();
        for (var i = 0; i < next.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $"{next[i]}.{part[i]} ");
        return text.Append(state).ToString();
    }
}
