using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Structure;

/// <summary>
/// What two threads can reach is in cells, which the watchers see and the checkpoint restores; what else an object has
/// does not change. And nothing is shared between two machines of a process.
/// </summary>
public static class ModelFieldsTests
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic;

    // Instance fields that are neither cells nor readonly, and readonly ones whose contents change.
    private static readonly Dictionary<string, string> Exceptions = new(StringComparer.Ordinal)
    {
        ["KernelObject.allocatedBy"] = "set by the slab, at an allocation",
        ["KernelObject.AllocationIndex"] = "set by the slab, at an allocation",
        ["KernelObject.Life"] = "what the watcher of lifetimes knows of the object",
        ["KernelObject.FreedByRcu"] = "what the watcher of lifetimes knows of the object",
        ["KernelObject.LastAccess"] = "what the watcher of lifetimes knows of the object",
        ["KernelObject.RcuSequence"] = "what the watcher of lifetimes knows of the object",
        ["KernelObject.Accesses"] = "what the watcher of lifetimes knows of the object",
        ["KernelObject.Changed"] = "whether the state is to be put back, cleared when it is",
        ["HashTable.buckets"] = "a table is one cell with many words; it saves and restores them itself",
        ["HashTable.atCheckpoint"] = "the buckets as they were at the checkpoint",
        ["HashTable.write"] = "what the race detector knows of the table, which is one cell",
        ["HashTable.read"] = "what the race detector knows of the table, which is one cell",
        ["HashTable.sync"] = "what lockless readers learn from the writers of the table, which is one cell",
        ["DiskInode.atCheckpoint"] = "the entries as they were at the checkpoint",
        ["DiskInode.entries"] = "a directory is one cell with many words; it saves and restores them itself",
        ["DiskInode.read"] = "what the race detector knows of the entries, which are one cell",
        ["DiskInode.write"] = "what the race detector knows of the entries, which are one cell",
        ["InodeTable.atCheckpoint"] = "the table as it was at the checkpoint",
        ["InodeTable.hint"] = "a hint, which is put back with the table",
        ["InodeTable.inodes"] = "a table is one cell with many words; it saves and restores them itself",
        ["InodeTable.used"] = "a limit, which is put back with the table",
        ["InodeCache.FileSystem"] = "wired when the kernel boots: the two know each other",
        ["InodeCache.Writeback"] = "wired when the kernel boots: the two know each other",
        ["SuperBlock.Reclaim"] = "wired when the kernel boots: the two know each other",
        ["Fault.IsPossible"] = "what a scenario has, which stays",
        ["BlockDevice.EndsLater"] = "what a scenario has, which stays",
        ["BlockDevice.FileSystem"] = "wired when the kernel boots: whose I/O ends",
        ["BlockDevice.tags"] = "never changes: one for each tag",
        ["Request.Interrupt"] = "never changes: a function of the request",
        ["WritebackSwitches.switches"] = "never changes: those that can be in flight at once",
        ["Mounts.CountsUsers"] = "what a scenario has, which stays",
        ["Reclaim.InAllocations"] = "what a scenario has, which stays",
        ["ProcessKeyrings.Tasks"] = "what a scenario has, which stays",
        ["CryptoProfile.slots"] = "never changes: the slots",
        ["CurrentUsers.users"] = "never changes: one for each user",
        ["MasterKeyring.CompletelyRemoved"] = "wired when the kernel boots: tells a rule what was promised",
        ["MasterKeyring.Design"] = "wired when the kernel boots: the design needs the keyring's neighbours",
    };

    // Static fields that can be assigned, or whose contents change.
    private static readonly Dictionary<string, string> StaticExceptions = new(StringComparer.Ordinal)
    {
        ["FrameNumbers.last"] = "numbers the types of state machines; no run can see the numbers",
        ["Layout.Known"] = "a cache of pure functions of a type; no run can see what is in it",
        ["StateWriters.Changing"] = "a cache of pure functions of a type; no run can see what is in it",
        ["StateWriters.Whole"] = "a cache of pure functions of a type; no run can see what is in it",
    };

    public static IEnumerable<Type> KernelObjects => Types.Where(t => t.IsAssignableTo(typeof(KernelObject)));

    private static IEnumerable<Type> Types => typeof(KernelObject).Assembly.GetTypes();

    [Fact]
    public static void Fields_of_kernel_objects_are_cells_or_do_not_change()
    {
        var others = from type in KernelObjects
                     from field in type.GetFields(Declared | BindingFlags.Instance)
                     where !IsCell(field) && !(field.IsInitOnly && !IsContainer(field.FieldType)) && !IsParameter(field)
                     select NameOf(field);
        Assert.Equal(Exceptions.Keys.Order(StringComparer.Ordinal), others.Order(StringComparer.Ordinal));
    }

    [Fact]
    public static void Cells_are_in_kernel_objects_and_are_not_copied_where_they_are_used()
    {
        var misplaced = from type in Types
                        where !type.IsAssignableTo(typeof(KernelObject)) && !type.IsAssignableTo(typeof(ICell))
                        from field in type.GetFields(Declared | BindingFlags.Instance)
                        where IsCell(field)
                        select NameOf(field);
        var @readonly = from type in Types
                       from field in type.GetFields(Declared | BindingFlags.Instance)
                       where IsCell(field) && field.IsInitOnly
                       select NameOf(field);
        Assert.Empty(misplaced.Concat(@readonly));
    }

    [Fact]
    public static void Nothing_static_changes()
    {
        var others = from type in Types
                     from field in type.GetFields(Declared | BindingFlags.Static)
                     where !field.IsLiteral && (!field.IsInitOnly || IsContainer(field.FieldType)) && !IsOfTheCompiler(field)
                     select NameOf(field);
        Assert.Equal(StaticExceptions.Keys.Order(StringComparer.Ordinal), others.Order(StringComparer.Ordinal));
    }

    [Fact]
    public static void Every_exception_has_its_reason()
        => Assert.All(Exceptions.Values.Concat(StaticExceptions.Values), reason => Assert.True(reason.Length > 20, reason));

    private static bool IsCell(FieldInfo field) => field.FieldType.IsAssignableTo(typeof(ICell));

    // A parameter of a primary constructor that is used later: named <host>P by the compiler.
    private static bool IsParameter(FieldInfo field)
        => field.Name.StartsWith('<') && field.Name.EndsWith(">P", StringComparison.Ordinal);

    // Caches of delegates without state.
    private static bool IsOfTheCompiler(FieldInfo field)
        => field.Name.StartsWith("<>", StringComparison.Ordinal) || field.DeclaringType!.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsContainer(Type type)
        => type != typeof(string) && !type.Name.StartsWith("Immutable", StringComparison.Ordinal)
            && !type.Name.StartsWith("Frozen", StringComparison.Ordinal)
            && !type.Name.StartsWith("IReadOnly", StringComparison.Ordinal)
            && type.IsAssignableTo(typeof(IEnumerable));

    private static string NameOf(FieldInfo field)
    {
        var name = field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
        return $"{field.DeclaringType!.Name.Split('`')[0]}.{name}";
    }

    [Fact]
    public static void No_two_classes_of_locks_have_one_number()
    {
        var classes = typeof(LockClass).Assembly.GetTypes().SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(f => f.FieldType == typeof(LockClass)).Select(f => (LockClass)f.GetValue(null)!);
        Assert.Empty(classes.GroupBy(c => c.Number).Where(g => g.Distinct().Count() > 1).Select(g => string.Join(" and ", g.Select(c => c.Name))));
    }
}
