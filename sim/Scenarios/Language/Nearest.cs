namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Names that somebody may have meant.</summary>
internal static class Nearest
{
    private const int NamesMax = 3;

    /// <summary>"no scenario 'x'; the nearest are a, b", by edit distance (Levenshtein 1966); all names if none is near.</summary>
    /// <param name="kind">What it should have been the name of.</param>
    /// <param name="given">What was written.</param>
    /// <param name="valid">The names that there are.</param>
    public static string Message(string kind, string given, IEnumerable<string> valid)
    {
        var names = valid.Select(n => (Name: n, Distance: Misspelling.Distance(given, n))).ToList();
        var best = names.Count == 0 ? 0 : names.Min(n => n.Distance);
        var isNear = best <= Math.Max(2, given.Length / 2);
        var told = isNear ? names.Where(n => n.Distance <= best + 1).OrderBy(n => n.Distance).Take(NamesMax).ToList() : names;
        var list = string.Join(", ", told.Select(n => n.Name));
        return $"no {kind} '{given}'; " + (names.Count == 0 ? "there is none"
            : !isNear || names.Count == 1 ? $"there is {list}"
            : told.Count == 1 ? $"the nearest is {list}"
            : $"the nearest are {list}");
    }
}
