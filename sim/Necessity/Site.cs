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
    /// <summary>An acquire of a lock, with the releases that belong to it; the same of a read section of RCU.</summary>
    Lock,

    /// <summary>A decision on the state.</summary>
    Check,

    /// <summary>Which of two statements comes first; what publishes, or is read as published; a grace period before memory is freed.</summary>
    Order,
}

/// <summary>Something in the code of a kernel that can be taken out.</summary>
/// <param name="Name">The kernel's function, and in it the lock with a number, or what is checked: unique, and free of line numbers.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Where it is.</param>
public sealed record Site(string Name, SiteKind Kind, SiteKey Key)
{
    // Whole types: the designs, removal and what else is done with keys, key set-up.
    private static readonly Type[] Whole = [typeof(MasterKeyring), typeof(KeySetup), typeof(DirectKeys)];

    // Of the other types, by name, what removal, iput and key set-up come to on their way.
    private static readonly Dictionary<string, string[]> Parts = new(StringComparer.Ordinal)
    {
        // The end of an inode: iput, evict, and what these two do on the LRU.
        [nameof(InodeCache)] =
        [
            "Iput", "IputFinal", "GenericDrop", "Evict", "WaitForIsolation", "Dispose", "Clear", "RemoveFromHash", "TruncatePages", "RemovePages",
            "Destroy", "AddToLru", "RemoveFromLru", "Grab",
        ],

        // What kills the names of an inode, and dput; before v6.8 too.
        [nameof(DentryCache)] =
        [
            "PruneAliases", "ShrinkParent", "SelectCollect", "ShrinkDentryList", "LockForKill", "Kill", "KillUpwards", "ToShrinkList",
            "RemoveFromShrinkList", "FindAnyAlias", "Dput", "FastPut", "Retain", "AddToLru", "RemoveFromLru", "Unhash", "RemoveFromHash",
            "OldDput", "OldFastPut", "OldRetain", "OldDentryKill", "OldKill", "OldPruneAliases", "OldShrinkDentryList", "OldSteal",
            "OldLockForShrink", "PutToList", "TryLockParent", "LockParent",
        ],

        // Removal's sync, with the flusher that it waits for; what iput and evict ask of writeback.
        [nameof(Writeback)] =
        [
            "SyncFileSystem", "SyncInodes", "QueueAndWait", "WaitForInodes", "WriteAllWorks", "Write", "QueueIo", "MoveToIo", "SleepOn",
            "WriteQueued", "WriteOne", "AfterWrite", "Requeue", "CompleteSync", "MoveTo", "WritePages", "MaySubmit", "StartIo", "EndIo", "WaitForIo",
            "RemoveFromLists", "Unlist", "WaitForSync", "WriteNow", "MarkDirty", "TakeDirtyTime",
        ],
        [nameof(PageCache)] = ["Lock"],
        ["Ext4"] = ["DropInode", "EvictInode", "TruncatePages", "ClearInode", "FreeOnDisk"],
        ["Orphans"] = ["Remove"],
    };

    /// <summary>All sites of removal, iput and key set-up, whatever the design, the release and the file system.</summary>
    public static ImmutableArray<Site> All { get; } = [.. Find()];

    /// <summary>Several that are taken out at once, as one; at least one.</summary>
    internal static Site Of(IReadOnlyList<Site> sites) => sites.Count == 1 ? sites[0] : sites[0] with { Name = string.Join(" + ", sites.Select(s => s.Name)) };

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
                "PutAndTest" or "DecrementAndTest" or "DecrementUnlessOne" or "FreeAfterGracePeriod" => SiteKind.Order,
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
        return type.Namespace == typeof(Design).Namespace || Whole.Contains(type) || (Parts.TryGetValue(type.Name, out var names) && names.Contains(method.Name));
    }

    private static string FunctionOf(MethodInfo method) => method.GetCustomAttribute<KernelSourceAttribute>()?.Function ?? method.Name;

    private static string WhatOf(SiteCall call)
    {
        if (call.Called.DeclaringType == typeof(KernelHost))
            return call.What;
        if (call.Called.DeclaringType == typeof(Rcu))
            return "rcu_read_lock";
        if (call.Called.DeclaringType is { IsGenericType: true } slab && slab.GetGenericTypeDefinition() == typeof(Slab<>))
            return "freed after a grace period";
        var cell = call.Field?.GetCustomAttribute<KernelNameAttribute>()?.Name ?? call.Field?.Name ?? "lock";
        return call.Called.Name switch
        {
            "LoadAcquire" => $"load_acquire of {cell}",
            "StoreRelease" => $"store_release of {cell}",
            "PublishIfNull" => $"cmpxchg_release of {cell}",
            "PutAndTest" or "DecrementAndTest" => $"order of dec_and_test of {cell}",
            "DecrementUnlessOne" => $"order of dec_unless_one of {cell}",
            _ => cell,
        };
    }
}
