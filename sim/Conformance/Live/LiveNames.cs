namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// What files are called in results: by the name that each was made with, found by its inode number. So a no-key name, which nobody
/// knows beforehand, becomes <c>nokey(f)</c>, and <c>@f</c> is the one that a listing showed last. Threads may ask at once.
/// </summary>
internal sealed class LiveNames
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, string> labels = [];
    private readonly HashSet<string> plain = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> noKey = new(StringComparer.Ordinal);

    /// <summary>A file was made.</summary>
    public void Made(string path, long inode)
    {
        lock (gate)
        {
            plain.Add(LastOf(path));
            labels[inode] = LastOf(path);
        }
    }

    /// <summary>A file was opened that may have been made: one with a label has been there.</summary>
    public void MayBeMade(string path, long inode)
    {
        lock (gate)
        {
            plain.Add(LastOf(path));
            labels.TryAdd(inode, LastOf(path));
        }
    }

    /// <summary>A file was made that has no name.</summary>
    public void MadeNameless(long inode)
    {
        lock (gate)
            labels.Remove(inode);
    }

    /// <summary>A name was given that the file is not called by.</summary>
    public void Linked(string path) => Told(LastOf(path));

    /// <summary>A symlink leads there: a text that is known when it is read again.</summary>
    public void Told(string target)
    {
        lock (gate)
            plain.Add(target);
    }

    /// <summary>What a file is called; <c>?</c> if nobody gave it a name.</summary>
    public string LabelOf(long inode)
    {
        lock (gate)
            return labels.GetValueOrDefault(inode) ?? "?";
    }

    /// <summary>An entry of a listing as results show it.</summary>
    public string Shown(long inode, string name)
    {
        lock (gate)
        {
            if (plain.Contains(name) || !labels.TryGetValue(inode, out var label))
                return name;
            noKey[label] = name;
            return $"nokey({label})";
        }
    }

    /// <summary>A path of a descriptor as results show it.</summary>
    public string ShownPath(string path)
    {
        lock (gate)
            return string.Join('/', path.Split('/').Select(Shown));
    }

    /// <summary>A path without <c>@</c>.</summary>
    /// <exception cref="NotExpressibleException">It has a no-key name that no listing has shown.</exception>
    public string Resolved(string path)
    {
        lock (gate)
        {
            return string.Join('/', path.Split('/').Select(c => c.Length < 2 || c[0] != '@' ? c
                : noKey.GetValueOrDefault(c[1..]) ?? throw new NotExpressibleException($"no listing has shown the no-key name {c}")));
        }
    }

    /// <summary>Whether a text was given as a name or a target.</summary>
    public bool IsPlain(string text)
    {
        lock (gate)
            return plain.Contains(text);
    }

    private string Shown(string component) => noKey.Where(n => n.Value == component).Select(n => $"nokey({n.Key})").FirstOrDefault() ?? component;

    private static string LastOf(string path) => path[(path.LastIndexOf('/') + 1)..];
}

/// <summary>A step that cannot be done on a running kernel, or must not.</summary>
/// <param name="message">Why not.</param>
internal sealed class NotExpressibleException(string message) : Exception(message);
