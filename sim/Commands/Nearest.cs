namespace Fscrypt.Sim.Commands;

/// <summary>Names that somebody may have meant.</summary>
internal static class Nearest
{
    private const int NamesMax = 3;

    /// <summary>"no scenario 'x'; the nearest are a, b", by edit distance (Levenshtein 1966).</summary>
    /// <param name="kind">What it should have been the name of.</param>
    /// <param name="given">What was written.</param>
    /// <param name="valid">The names that there are.</param>
    public static string Message(string kind, string given, IEnumerable<string> valid)
    {
        var names = valid.OrderBy(n => Distance(given, n)).Take(NamesMax).ToList();
        return names.Count switch
        {
            0 => $"no {kind} '{given}': there is none",
            1 => $"no {kind} '{given}'; there is {names[0]}",
            _ => $"no {kind} '{given}'; the nearest are {string.Join(", ", names)}",
        };
    }

    /// <summary>Insertions, deletions and changes of one letter that make one word of the other.</summary>
    internal static int Distance(string a, string b)
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
}
