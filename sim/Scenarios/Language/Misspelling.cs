namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Words that somebody may have meant, and how words are shown in a message.</summary>
internal static class Misspelling
{
    private const int ShownMax = 40;

    // What other languages say.
    private static readonly Dictionary<string, string> Foreign = new(StringComparer.OrdinalIgnoreCase)
    {
        ["unlock"] = "release",
        ["spin_lock"] = "acquire",
        ["spin_unlock"] = "release",
        ["mutex"] = "lock",
        ["spinlock"] = "lock",
        ["rwlock"] = "rwsem",
        ["semaphore"] = "rwsem",
        ["endif"] = "end",
        ["done"] = "end",
        ["fi"] = "end",
        ["}"] = "end",
        ["for"] = "repeat",
        ["loop"] = "repeat",
        ["int"] = "shared",
        ["long"] = "shared",
        ["var"] = "shared",
        ["wait"] = "await",
        ["exists"] = "sometimes",
        ["forall"] = "always",
        ["assert"] = "always",
        ["process"] = "thread",
        ["init"] = "setup",
        ["teardown"] = "finally",
        ["name"] = "scenario",
        ["title"] = "scenario",
    };

    /// <summary>A word of another language for one of this one, or null.</summary>
    public static string? MeaningOf(string foreign) => Foreign.GetValueOrDefault(foreign);

    /// <summary>The nearest of some words if it is near enough to be meant, or null.</summary>
    public static string? Nearest(string given, IEnumerable<string> valid)
    {
        if (given.Length is 0 or > ShownMax)
            return null;
        var most = Math.Max(1, (given.Length + 1) / 3);
        var low = given.ToLowerInvariant();
        return valid.Select(word => (Word: word, Distance: IsSwapped(low, word) ? 1 : Distance(low, word)))
            .Where(w => w.Distance <= most && w.Distance < w.Word.Length)
            .OrderBy(w => w.Distance).ThenBy(w => w.Word, StringComparer.Ordinal)
            .Select(w => w.Word).FirstOrDefault();
    }

    /// <summary>A word in quotes; of a very long one the beginning.</summary>
    public static string Quote(string word) => word.Length <= ShownMax ? $"'{word}'" : $"'{word[..ShownMax]}…'";

    /// <summary>Insertions, deletions and changes of one letter that make one word of the other.</summary>
    public static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }

    // Two neighbouring letters in the wrong order.
    private static bool IsSwapped(string a, string b)
    {
        if (a.Length != b.Length)
            return false;
        var at = 0;
        while (at < a.Length && a[at] == b[at])
            at++;
        return at + 1 < a.Length && a[at] == b[at + 1] && a[at + 1] == b[at] && a.AsSpan(at + 2).SequenceEqual(b.AsSpan(at + 2));
    }
}
