namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Programs some of whose executions never end: only a search of states comes to an end with them.</summary>
internal static class EndlessPrograms
{
    /// <summary>Those of the library.</summary>
    public static IReadOnlyList<string> Names { get; } = ["textbook/peterson", "textbook/philosophers3-cyclic", "textbook/trylock-dance"];

    public static string Philosophers(int count) => $"""
        lock fork[{count}]
        thread philosopher * {count}
          while 1
            acquire fork[id]
            acquire fork[(id + 1) % {count}]
            release fork[id]
            release fork[(id + 1) % {count}]
          end
        """;

    /// <summary>The random program of a number, whose threads begin again at their end.</summary>
    public static string OfRandom(int seed)
    {
        var text = RandomProgram.Text(seed).Replace("\n  r = id\n  s = 0", "\n  r = id\n  while 1\n  r = r % 3\n  s = s % 2", StringComparison.Ordinal);
        var threads = text.Split("\nthread ");
        return string.Join("\nthread ", threads.Select((t, i) => i == 0 ? t : t + "\n  end"));
    }
}
