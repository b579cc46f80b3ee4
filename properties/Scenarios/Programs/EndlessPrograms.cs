namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Programs some of whose executions never end: only a search of states comes to an end with them.</summary>
internal static class EndlessPrograms
{
    /// <summary>Those of the library.</summary>
    public static IReadOnlyList<string> Names { get; } = ["textbook/philosophers3-cyclic", "textbook/trylock-dance"];

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
}
