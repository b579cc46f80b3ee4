using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Necessity;

/// <summary>What is at a site.</summary>
public enum SiteKind
{
    /// <summary>An acquire of a lock, with the releases that belong to it.</summary>
    Lock,

    /// <summary>A decision on the state.</summary>
    Check,

    /// <summary>Which of two statements comes first; or what publishes, or is read as published.</summary>
    Order,
}

/// <summary>Something in the code of a kernel that can be taken out.</summary>
/// <param name="Name">The kernel's function, and in it the lock with a number, or what is checked: unique, and free of line numbers.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Where it is.</param>
public sealed record Site(string Name, SiteKind Kind, SiteKey Key)
{
    // The inode cache's part is the end of an inode: iput, evict, and what these two do on the LRU.
    private static readonly string[] OfInodeCache =
    [
        "Iput", "IputFinal", "GenericDrop", "Evict", "WaitForIsolation", "Dispose", "RemoveFromHash", "TruncatePages", "AddToLru", "RemoveFromLru",
    ];

    // The dentry cache's: what kills the names of an inode, and dput.
    private static readonly string[] OfDentryCache =
    [
        "PruneAliases", "ShrinkParent", "SelectCollect", "ShrinkDentryList", "LockForKill", "Kill", "KillUpwards", "ToShrinkList", "UnlinkInode",
        "FindAnyAlias", "Dput", "FastPut", "Retain", "AddToLru", "RemoveFromLru", "Unlist",
    ];

    /// <summary>All sites of removal, iput and key set-up.</summary>
    public static ImmutableArray<Site> All { get; } = [.. Find()];

    private static IEnumerable<Site> Find()
    {
        var seen = new HashSet<SiteKey>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var call in SiteCode.Calls().Where(c => IsInScope(c.Caller)).OrderBy(c => c.Caller.DeclaringType!.FullName, StringComparer.Ordinal).ThenBy(c => c.Key.Line))
        {
            if (!seen.Add(call.Key))
                continue;
            var kind = call.Called.Name switch
            {
                nameof(KernelHost.Check) => SiteKind.Check,
                nameof(KernelHost.Order) or "LoadAcquire" or "StoreRelease" or "PublishIfNull" => SiteKind.Order,
                _ => SiteKind.Lock,
            };
            var name = $"{FunctionOf(call.Caller)}: {WhatOf(call)}";
            var number = numbers[name] = numbers.GetValueOrDefault(name) + 1;
            yield return new Site(call.What.Length > 0 && call.Called.DeclaringType == typeof(KernelHost) && number == 1
                ? name : string.Create(CultureInfo.InvariantCulture, $"{name} #{number}"), kind, call.Key);
        }
    }

    private static bool IsInScope(MethodInfo method)
    {
        var type = method.DeclaringType!;
        return type.Namespace == typeof(Design).Namespace || type == typeof(MasterKeyring) || type == typeof(KeySetup)
            || (type == typeof(InodeCache) && OfInodeCache.Contains(method.Name))
            || (type == typeof(DentryCache) && OfDentryCache.Contains(method.Name));
    }

    private static string FunctionOf(MethodInfo method) => method.GetCustomAttribute<KernelSourceAttribute>()?.Function ?? method.Name;

    private static string WhatOf(SiteCall call)
    {
        if (call.Called.DeclaringType == typeof(KernelHost))
            return call.What;
        var cell = call.Field?.GetCustomAttribute<KernelNameAttribute>()?.Name ?? call.Field?.Name ?? "lock";
        return call.Called.Name switch
        {
            "LoadAcquire" => $"load_acquire of {cell}",
            "StoreRelease" => $"store_release of {cell}",
            "PublishIfNull" => $"cmpxchg_release of {cell}",
            _ => cell,
        };
    }
}
