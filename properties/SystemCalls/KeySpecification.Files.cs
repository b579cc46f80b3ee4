using System.Globalization;

namespace Fscrypt.Sim.Properties.SystemCalls;

// Files: which are there, which are unlocked, and which stay so because somebody has them open.
internal sealed partial class KeySpecification
{
    /// <summary>What of a key's files a complete removal would lock: what nobody has open, nor anything below it.</summary>
    public IEnumerable<string> Evictable(string key)
        => UnlockedBy(key).Where(p => !handles.Values.Any(h => h.Path == p || h.Path.StartsWith($"{p}/", StringComparison.Ordinal)));

    /// <summary>Whether somebody has a file of a key open, or a directory, that is unlocked.</summary>
    public bool IsHeld(string key) => UnlockedBy(key).Except(Evictable(key)).Any();

    /// <summary>Keys that are not present and have unlocked files.</summary>
    public IEnumerable<string> Incompletes() => keys.Where(k => !k.Value.Present && UnlockedBy(k.Key).Any()).Select(k => k.Key);

    /// <summary>Whether a key is present.</summary>
    public bool IsPresent(string key) => keys.TryGetValue(key, out var found) && found.Present;

    /// <summary>Whether a key was ever added.</summary>
    public bool WasAdded(string key) => keys.ContainsKey(key);

    /// <summary>Locks a file again.</summary>
    public void Evict(string path) => unlocked = unlocked.Remove(path);

    /// <summary>Another one in the same state.</summary>
    public KeySpecification Clone() => (KeySpecification)MemberwiseClone();

    /// <summary>All of the state; equal texts, equal states.</summary>
    public override string ToString()
        => $"{keysMax}|{string.Join(';', provisioned)}|{string.Join(';', keys)}|{string.Join(';', nodes)}|{string.Join(';', handles)}|{string.Join(';', unlocked)}";

    private IEnumerable<string> UnlockedBy(string key) => unlocked.Where(p => nodes[p].Policy!.Key == key);

    private void EvictAll(string key) => unlocked = unlocked.Except(Evictable(key));

    // A key has to be as long as what it is used for wants: 32 bytes, and of version 1 for the contents of files 64.
    private bool Unlock(string path)
    {
        if (nodes[path] is not { Policy: { } policy } node || unlocked.Contains(path))
            return true;
        var least = policy is { Version: 1, Contents: 1 } && !node.IsDirectory ? 64 : 32;
        if (!keys.TryGetValue(policy.Key, out var key) || !key.Present || key.Size < least)
            return false;
        unlocked = unlocked.Add(path);
        return true;
    }

    // Names in a directory without its key are not those that anybody asks for. What is found in an encrypted directory is
    // unlocked with it if it is a directory itself.
    private string? Find(string path)
    {
        for (var slash = 0; slash >= 0;)
        {
            var parent = slash == 0 ? "" : path[..slash];
            if (parent.Length > 0 && !Unlock(parent))
                return "ENOENT";
            slash = path.IndexOf('/', slash + 1);
            var name = slash < 0 ? path : path[..slash];
            if (!nodes.TryGetValue(name, out var node))
                return "ENOENT";
            if (node.IsDirectory && parent.Length > 0 && nodes[parent].Policy != null)
                Unlock(name);
            else if (!node.IsDirectory && slash >= 0)
                return "ENOTDIR";
        }

        return null;
    }

    // A name that is there is an answer before any permission is asked.
    private string? FindForNew(string path, string user)
    {
        var parent = ParentOf(path);
        if (parent.Length > 0 && Find(parent) is { } error)
            return error;
        if (Find(path) == null)
            return "EEXIST";
        return parent.Length == 0 || user == "root" || nodes[parent].Owner == user ? null : "EACCES";
    }

    private string Make(string[] words)
    {
        var (user, path, isDirectory) = (words[0], words[2], words[1] == "mkdir");
        var parent = ParentOf(path);
        if (nodes.ContainsKey(path) && (parent.Length == 0 || Unlock(parent)))
            return "EEXIST";
        var policy = parent.Length == 0 ? null : nodes[parent].Policy;
        var node = new Node(user, isDirectory, policy, isDirectory ? "" : words[3]);
        if (policy == null)
        {
            nodes = nodes.SetItem(path, node);
            return "OK";
        }

        // A directory that stayed unlocked is not enough: what is new needs the key itself.
        if (!Unlock(parent) || nodes.ContainsKey(path))
            return "ENOKEY";
        nodes = nodes.SetItem(path, node);
        if (Unlock(path))
            return "OK";
        nodes = nodes.Remove(path);
        return "ENOKEY";
    }

    private string OnFound(string[] words)
    {
        var (user, path) = (words[0], words[2]);
        var node = nodes[path];
        if (!node.IsDirectory && !Unlock(path))
            return "ENOKEY";                                       // all of them open the file
        return words[1] switch
        {
            "cat" => node.Text,
            "set_policy" => SetPolicy(user, path, node, words),
            "get_nonce" => node.Policy == null ? "ENODATA" : "OK",
            "get_policy_old" => node.Policy == null ? "ENODATA" : node.Policy.Version == 1 ? "OK" : "EINVAL",
            "get_policy" => GetPolicy(node.Policy, Option(words, "psize", 24)),
            _ => throw new ArgumentException($"no operation {words[1]}"),
        };
    }

    private string SetPolicy(string user, string path, Node node, string[] words)
    {
        const int PadMax = 3;
        const int Adiantum = 9;                                    // the only one that DIRECT_KEY goes with
        var version = Option(words, "v", 2);
        var policy = new Policy(version, KeyOf(words[3], version == 1), Option(words, "flags", PadMax), Option(words, "contents", 1), Option(words, "names", 4));
        if (user != node.Owner && !Owners.Contains(user))
            return "EACCES";
        if (node.Policy != null)
            return node.Policy == policy ? "OK" : "EEXIST";
        if (!node.IsDirectory)
            return "ENOTDIR";
        if (nodes.Keys.Any(p => ParentOf(p) == path))
            return "ENOTEMPTY";
        var isDirect = policy is { Contents: Adiantum, Names: Adiantum };
        if (policy.Flags > (isDirect ? PadMax + 4 : PadMax) || !(isDirect || (policy.Contents == 1 && policy.Names == 4)))
            return "EINVAL";
        var claimed = keys.TryGetValue(policy.Key, out var key) && key.Claims.Contains(user);
        if (version == 2 && !claimed && !Owners.Contains(user))
            return "ENOKEY";
        nodes = nodes.SetItem(path, node with { Policy = policy });
        return "OK";
    }

    private static string GetPolicy(Policy? policy, int room)
    {
        if (policy == null)
            return "ENODATA";
        var size = policy.Version == 1 ? 12 : 24;
        var key = policy.Key[(policy.Key.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return size > room ? "EOVERFLOW" : $"OK[size={size},version={policy.Version},contents={policy.Contents},names={policy.Names},flags={policy.Flags},key={key}]";
    }

    private string Open(string[] words)
    {
        var (user, handle, path, writes) = (words[0], words[2], words[3], words[4] == "rw");
        if (writes && user != "root" && user != nodes[path].Owner)
            return "EACCES";
        if (!nodes[path].IsDirectory && !Unlock(path))
            return "ENOKEY";
        handles = handles.SetItem(handle, new Handle(path, writes));
        return "OK";
    }

    private string Close(string handle)
    {
        var isOpen = handles.ContainsKey(handle);
        handles = handles.Remove(handle);
        return isOpen ? "OK" : "EBADF";
    }

    private string Write(string handle, string text)
    {
        if (!handles.TryGetValue(handle, out var file) || !file.Writes)
            return "EBADF";
        var node = nodes[file.Path];
        nodes = nodes.SetItem(file.Path, node with { Text = text + (node.Text.Length > text.Length ? node.Text[text.Length..] : "") });
        return "OK";
    }

    private static string ParentOf(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";

    private static int Option(string[] words, string name, int otherwise)
        => words.FirstOrDefault(w => w.StartsWith($"{name}=", StringComparison.Ordinal)) is { } word
            ? int.Parse(word.AsSpan(name.Length + 1), CultureInfo.InvariantCulture) : otherwise;
}
