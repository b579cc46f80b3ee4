using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Conditions;

/// <summary>
/// The names in the conditions of a scenario of system calls: registers, and predicates of the kernel's state, which look
/// at it when no thread runs.
/// </summary>
/// <param name="registers">The registers.</param>
/// <param name="kernel">The kernel; null to check conditions without one.</param>
internal sealed class KernelScope(RegisterSet registers, Kernel? kernel) : IConditionScope
{
    private static readonly string[] KeyPredicates = ["status", "key_in_memory"];

    /// <summary>The predicates there are.</summary>
    public static IReadOnlyList<string> Predicates { get; } = [.. KeyPredicates, "unlocked", "cached"];

    public bool IsNumeric => false;

    public Func<bool> Deadlocked => () => kernel!.Host.Deadlocked;

    public IEnumerable<string> Names => registers.Names;

    public Register? Find(string name) => registers.Find(name);

    /// <summary>What is wrong with a predicate, or null.</summary>
    public static string? MistakeIn(PredicateSyntax predicate)
        => !Predicates.Contains(predicate.Name) ? Nearest.Message("predicate", predicate.Name, Predicates)
            : !KeyPredicates.Contains(predicate.Name) ? Paths.MistakeIn(predicate.Argument.Text)
            : Keys.IsKey(predicate.Argument.Text) ? null
            : $"'{predicate.Argument}' is no key: K1 to K9";

    public Func<bool>? Predicate(PredicateSyntax predicate) => predicate.Name switch
    {
        "key_in_memory" => AboutKey(predicate, (k, key) => k.Host.Secrets.Count(key) > 0),
        "cached" => AboutFile(predicate, inode => true),
        "unlocked" => AboutFile(predicate, inode => inode.CryptInfo.Peek != null),
        _ => null,
    };

    public Func<string>? TextPredicate(PredicateSyntax predicate)
    {
        if (predicate.Name != "status")
            return null;
        var key = Keys.NumberOf(predicate.Argument.Text);
        return () => ResultText.Of(kernel!.Keyring.PeekStatus(key));
    }

    private Func<bool> AboutKey(PredicateSyntax predicate, Func<Kernel, int, bool> holds)
    {
        var key = Keys.NumberOf(predicate.Argument.Text);
        return () => holds(kernel!, key);
    }

    private Func<bool> AboutFile(PredicateSyntax predicate, Func<Inode, bool> holds)
    {
        if (kernel == null)
            return () => false;
        int[] path = [.. Paths.ComponentsOf(predicate.Argument.Text).Select(kernel.Disk.FileName)];
        return () =>
        {
            var number = kernel.Disk.NumberOf(path);
            for (var inode = number == 0 ? null : kernel.Inodes.Hash.Peek((ulong)number); inode != null; inode = kernel.Inodes.Hash.PeekAfter(inode))
            {
                if (holds(inode))
                    return true;
            }

            return false;
        };
    }
}
