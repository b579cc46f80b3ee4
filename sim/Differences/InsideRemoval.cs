using System.Collections.Immutable;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Differences;

/// <summary>
/// What no system call shows of how a design removes a key: read off one removal, with nobody beside it, of a directory and
/// a file that are clean and not in use.
/// </summary>
/// <param name="Kernel">The kernel.</param>
/// <param name="Freers">The functions that set I_FREEING.</param>
/// <param name="Nested">The locks that are taken while the lock of the key's list is held.</param>
/// <param name="Called">The functions of fs/inode.c that fs/crypto calls.</param>
/// <param name="Visited">How often an inode is locked inside of it: a walk over the list came to it.</param>
public sealed record InsideRemoval(
    KernelConfiguration Kernel, ImmutableArray<string> Freers, ImmutableArray<string> Nested, ImmutableArray<string> Called, int Visited)
{
    private const string ListLock = "mk_decrypted_inodes_lock";
    private const string InodeLock = "i_lock";

    private static readonly Scenario Removal = ScenarioFile.Load(new Diagnostics("removal", $"""
        scenario removal
        setup
          {string.Join("\n  ", Question.Tree)}
          root sync
        thread remover
          root rm_key K1 -> removal

        """)).Scenario!;

    /// <summary>Removes a key on a kernel, and looks at it.</summary>
    public static InsideRemoval Of(KernelConfiguration kernel)
    {
        var plan = new SearchPlan(Removal, kernel) { TracesOutcomes = true };
        using var recording = new Recording(plan, Explorer.Run(plan, new SearchProgress(null)).Tally.Outcomes[0].Schedule);
        var freers = new SortedSet<string>(StringComparer.Ordinal);
        var nested = new SortedSet<string>(StringComparer.Ordinal);
        var called = new SortedSet<string>(StringComparer.Ordinal);
        var callers = new Dictionary<int, KernelFunction?>();
        var visited = 0;
        var listed = false;
        foreach (var step in recording.Steps)
        {
            callers[step.Depth] = step.Kernel;
            if (step.Changed.Any(c => c.Field == "i_state" && !c.From.Contains("Freeing", StringComparison.Ordinal) && c.To.Contains("Freeing", StringComparison.Ordinal)))
                freers.Add(step.Name);
            if (step.Kernel?.File == "fs/inode.c" && callers.GetValueOrDefault(step.Depth - 1) is { } caller && IsOfCrypto(caller))
                called.Add(step.Name);
            if (listed && step.Operation == "spin_lock" && LockOf(step) is var taken && taken != ListLock)
            {
                nested.Add(taken);
                visited += taken == InodeLock ? 1 : 0;
            }

            listed = step.Changed.LastOrDefault(c => c.Field == ListLock) is { } change ? change.To != "free" : LockOf(step) != ListLock && listed;
        }

        return new InsideRemoval(kernel, [.. freers], [.. nested], [.. called], visited);
    }

    // ino:12.i_lock, sb.s_inode_lru.lock
    private static string LockOf(TraceStep step) => step.Object[(step.Object.IndexOf('.', StringComparison.Ordinal) + 1)..];

    private static bool IsOfCrypto(KernelFunction function)
        => function.File.StartsWith("fs/crypto/", StringComparison.Ordinal) || function.File.StartsWith("RFC ", StringComparison.Ordinal);
}
