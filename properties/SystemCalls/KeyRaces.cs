using FsCheck;
using FsCheck.Fluent;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Random races of ioctls on keys: two or three threads with two to four operations each.</summary>
public static class KeyRaces
{
    internal static readonly string[] Unlocked =
        ["alice add_key K1", "alice mkdir d", "alice set_policy d K1", "alice create d/f text", "alice create d/g text", "alice sync"];

    private static readonly string[][] Setups =
    [
        Unlocked, [.. Unlocked, "bob add_key K1"], [.. Unlocked, "root open F d/f r"], [.. Unlocked, "alice rm_key K1"],
        ["alice mkdir d", "alice mkdir e"],
    ];

    public static Arbitrary<KeyRace> Races() => Arb.From(Race, Smaller);

    private static Gen<string> Call => from user in Gen.Elements("alice", "bob", "root")
                                       from call in Gen.Frequency(
                                           (3, Gen.Constant("add_key K1")), (4, Gen.Constant("rm_key K1")), (1, Gen.Constant("rm_key_all K1")),
                                           (3, Gen.Constant("status K1")), (2, Gen.Elements("cat d/f", "cat d/g")),
                                           (1, Gen.Elements("set_policy d K1", "create d/h text", "get_policy d/f")))
                                       select $"{user} {call}";

    private static Gen<KeyRace> Race => from setup in Gen.Elements(Setups)
                                        from count in Gen.Choose(2, 3)
                                        from threads in Thread.ArrayOf(count)
                                        select new KeyRace(setup, threads);

    private static Gen<string[]> Thread => from count in Gen.Choose(2, 4)
                                           from calls in Call.ArrayOf(count)
                                           select calls;

    private static IEnumerable<KeyRace> Smaller(KeyRace race)
    {
        for (var i = 0; i < race.Threads.Length; i++)
        {
            for (var j = 0; j < race.Threads[i].Length; j++)
            {
                string[] left = [.. race.Threads[i][..j], .. race.Threads[i][(j + 1)..]];
                string[][] threads = [.. race.Threads[..i], left, .. race.Threads[(i + 1)..]];
                yield return race with { Threads = [.. threads.Where(t => t.Length > 0)] };
            }
        }
    }
}
