using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>What releases answer differently.</summary>
/// <param name="SizeBeforePrivilege">ADD looks at the size of a key before it asks for the capability: up to v5.5.</param>
/// <param name="DeadKeysAnswer">
/// A key whose last inode went is still found for a moment: its status is incompletely removed, and removing it is OK. Up to
/// v6.0; later it is absent.
/// </param>
internal sealed record KeyRules(bool SizeBeforePrivilege = false, bool DeadKeysAnswer = false)
{
    public static KeyRules Of(KernelRelease release)
        => new(!release.IsAtLeast(KernelRelease.Named("v5.6")!), !release.IsAtLeast(KernelRelease.Named("v6.1")!));
}

/// <summary>
/// What users are told by the ioctls on keys and policies, written down without a kernel: which keys are present, whose claims
/// there are, and which files and directories are unlocked, by their paths. It knows nothing of inodes, dentries, lists, counts
/// or locks. Operations are lines of scenarios; the files are at most three levels deep, and keep their names.
/// </summary>
/// <remarks>
/// An operation has one or two parts (<see cref="Part"/>), each of which happens at once. One after another they make its
/// answer (<see cref="Answer"/>); of operations that run side by side the parts may be interleaved.
/// </remarks>
internal sealed partial class KeySpecification(KeyRules rules)
{
    private const string Absent = "ABSENT";
    private const string Incomplete = "INCOMPLETELY_REMOVED";
    private static readonly ImmutableHashSet<string> Administrators = ["root", "carol"];
    private static readonly ImmutableHashSet<string> Owners = ["root", "dave"];

    private ImmutableSortedDictionary<string, Key> keys = ImmutableSortedDictionary.Create<string, Key>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Node> nodes = ImmutableSortedDictionary.Create<string, Node>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Handle> handles = ImmutableSortedDictionary.Create<string, Handle>(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, Provisioned> provisioned = ImmutableSortedDictionary.Create<string, Provisioned>(StringComparer.Ordinal);
    private int keysMax = 200;
    private ImmutableSortedSet<string> unlocked = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Users that a scenario has to declare: one with each capability alone.</summary>
    public const string Users = "user carol 1003 sys_admin\nuser dave 1004 fowner\n";

    /// <summary>The answer to an operation that nothing runs beside; the state moves on.</summary>
    public string Answer(string call)
    {
        var words = call.Split(' ');
        for (var part = 0; ; part++)
        {
            if (Part(words, part) is { } answer)
                return answer;
            if (IsRemoval(words))
                EvictAll(KeyOf(words));
        }
    }

    /// <summary>A part of an operation.</summary>
    /// <param name="words">The operation.</param>
    /// <param name="part">Which; 0 is the first.</param>
    /// <returns>Its answer, or null if another part follows.</returns>
    public string? Part(string[] words, int part) => words[1] switch
    {
        "add_key" => Add(words),
        "key_quota" => SetQuota(words),
        "provision_key" => Provision(words),
        "unprovision_key" => Unprovision(words),
        "rm_key" or "rm_key_all" => part == 0 ? BeginRemoval(words) : EndRemoval(KeyOf(words)),
        "status" => Status(words),
        "sync" or "drop_caches" => "OK",
        "open" => part == 0 ? Find(words[3]) : Open(words),
        "close" => Close(words[2]),
        "write" => Write(words[2], words[3]),
        "create" or "mkdir" => part == 0 ? FindForNew(words[2], words[0]) : Make(words),
        _ => part == 0 ? Find(words[2]) : OnFound(words),
    };

    /// <summary>Whether the file of a handle is open.</summary>
    public bool IsOpen(string handle) => handles.ContainsKey(handle);

    public static bool IsRemoval(string[] words) => words[1] is "rm_key" or "rm_key_all";

    /// <summary>The key that an operation on keys is about.</summary>
    public static string KeyOf(string[] words) => KeyOf(words[2], words.Contains("spec=desc"));

    private static string KeyOf(string word, bool isDescriptor) => isDescriptor ? $"v1:{word[..2]}" : word;

    // Root's own quota is never reached.
    private bool MayHaveAnother(string user)
        => user == "root" || keys.Values.Count(k => k.Claims.Contains(user)) + provisioned.Values.Count(p => p.User == user) < keysMax;

    private string SetQuota(string[] words)
    {
        if (words[0] != "root")
            return "EACCES";
        keysMax = int.Parse(words[3], CultureInfo.InvariantCulture);
        return "OK";
    }

    private string Provision(string[] words)
    {
        if (SizeOf(words[3]) is < 16 or > 64)
            return "EINVAL";
        if (!MayHaveAnother(words[0]))                             // nor for a moment, if it takes another one's place
            return "EDQUOT";
        provisioned = provisioned.SetItem(words[2], new Provisioned(words[0], words[3], words.Contains("spec=desc"), false));
        return "OK";
    }

    private string Unprovision(string[] words)
    {
        if (!provisioned.TryGetValue(words[3], out var key) || key.User != words[0])
            return "ENOKEY";
        if (words[2] == "revoke" && key.IsRevoked)
            return "EKEYREVOKED";
        provisioned = words[2] == "revoke" ? provisioned.SetItem(words[3], key with { IsRevoked = true }) : provisioned.Remove(words[3]);
        return "OK";
    }

    private static int SizeOf(string word) => word.Length == 2 ? 64 : int.Parse(word.AsSpan(3), CultureInfo.InvariantCulture);

    private string AddProvisioned(string[] words)
    {
        var isOld = words.Contains("spec=desc");
        if (rules.SizeBeforePrivilege)
            return "EINVAL";                                       // there are no ids yet: no size, and something reserved
        if (isOld && !Administrators.Contains(words[0]))
            return "EACCES";
        return !provisioned.TryGetValue(words[2], out var key) ? "ENOKEY"
            : key.User != words[0] ? "EACCES"
            : key.IsRevoked ? "EKEYREVOKED"
            : key.IsOld != isOld ? "EKEYREJECTED"
            : Add([words[0], words[1], key.Word, .. words.Skip(3)]);
    }

    private string Add(string[] words)
    {
        if (words[2][0] != 'K')
            return AddProvisioned(words);
        var (user, name) = (words[0], KeyOf(words));
        var isOld = name.StartsWith("v1:", StringComparison.Ordinal);
        var size = SizeOf(words[2]);
        var fits = size is >= 16 and <= 64;
        if (rules.SizeBeforePrivilege && !fits)
            return "EINVAL";
        if (isOld && !Administrators.Contains(user))
            return "EACCES";
        if (!fits)
            return "EINVAL";
        var key = keys.GetValueOrDefault(name, Key.None);
        if (!isOld && !key.Claims.Contains(user) && !MayHaveAnother(user))
            return "EDQUOT";
        var claims = isOld ? key.Claims : key.Claims.Add(user);
        keys = keys.SetItem(name, key.Present ? key with { Claims = claims } : new Key(true, size, claims));
        return "OK";
    }

    // Who removes claims may find that others are left; only the last one locks anything.
    private string? BeginRemoval(string[] words)
    {
        var (user, name, all) = (words[0], KeyOf(words), words[1] == "rm_key_all");
        if ((all || name.StartsWith("v1:", StringComparison.Ordinal)) && !Administrators.Contains(user))
            return "EACCES";
        var key = keys.GetValueOrDefault(name, Key.None);
        if (!key.Present && !UnlockedBy(name).Any())
            return "ENOKEY";
        if (key.Claims.Count > 0)
        {
            if (!all && !key.Claims.Contains(user))
                return "ENOKEY";
            key = key with { Claims = all ? key.Claims.Clear() : key.Claims.Remove(user) };
            if (key.Claims.Count > 0)
            {
                keys = keys.SetItem(name, key);
                return "OK[OTHER_USERS]";
            }
        }

        keys = keys.SetItem(name, key with { Present = false });
        return null;
    }

    private string EndRemoval(string name) => UnlockedBy(name).Any() ? "OK[FILES_BUSY]" : "OK";

    private string Status(string[] words)
    {
        var name = KeyOf(words);
        var key = keys.GetValueOrDefault(name, Key.None);
        if (!key.Present)
            return UnlockedBy(name).Any() ? Incomplete : Absent;
        return $"PRESENT[users={key.Claims.Count}{(key.Claims.Contains(words[0]) ? ",self]" : "]")}";
    }

    /// <summary>A master key: whether its secret is there, how many bytes it has, and who has a claim on it.</summary>
    private sealed record Key(bool Present, int Size, ImmutableSortedSet<string> Claims)
    {
        public static Key None { get; } = new(false, 0, ImmutableSortedSet.Create<string>(StringComparer.Ordinal));

        public override string ToString() => $"{Present} {Size} {string.Join(',', Claims)}";
    }

    private sealed record Provisioned(string User, string Word, bool IsOld, bool IsRevoked);

    private sealed record Policy(int Version, string Key, int Flags, int Contents = 1, int Names = 4);

    private sealed record Node(string Owner, bool IsDirectory, Policy? Policy, string Text);

    private sealed record Handle(string Path, bool Writes);
}
