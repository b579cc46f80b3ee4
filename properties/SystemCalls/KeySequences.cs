using FsCheck;
using FsCheck.Fluent;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Operations one after another, as lines of a scenario.</summary>
/// <param name="Drawn">The lines. Opening a handle that is open is left out, and so are uses of one that no line opens.</param>
public sealed record KeySequence(string[] Drawn)
{
    /// <summary>The lines, each with the answer that is specified.</summary>
    internal (string Call, string Answer)[] AnsweredBy(KeyRules rules)
    {
        var specification = new KeySpecification(rules);
        var named = Drawn.Select(c => c.Split(' ')).Where(w => w[1] == "provision_key").Select(w => w[2]).ToHashSet();
        var opened = Drawn.Select(c => c.Split(' ')).Where(w => w[1] == "open").Select(w => w[2]).ToHashSet();
        bool MakesSense(string[] words) => words[1] switch
        {
            "open" => !specification.IsOpen(words[2]),
            "add_key" => words[2][0] == 'K' || named.Contains(words[2]),
            "unprovision_key" => named.Contains(words[3]),
            "close" or "write" => opened.Contains(words[2]),
            _ => true,
        };
        return [.. Drawn.Where(c => MakesSense(c.Split(' '))).Select(c => (c, specification.Answer(c)))];
    }

    /// <summary>The sequence as a scenario.</summary>
    public override string ToString() => ScenarioOf(AnsweredBy(new KeyRules()).Select(c => c.Call));

    /// <summary>A scenario without threads; the answer to line i, from 1, is in the register ri.</summary>
    public static string ScenarioOf(IEnumerable<string> calls)
        => $"scenario sequence\n{KeySpecification.Users}setup\n{string.Concat(calls.Select((c, i) => $"  {c} -> r{i + 1}\n"))}";
}

/// <summary>Random sequences over the whole surface of the ioctls: all users, keys of both versions and of many sizes.</summary>
public static class KeySequences
{
    private static readonly string[] Beginning = ["alice add_key K1", "alice mkdir d", "alice set_policy d K1", "alice create d/f text"];

    private static readonly string[] Shared =
        ["alice add_key K1", "alice mkdir d", "alice set_policy d K1 contents=9 names=9 flags=7", "alice create d/f text"];

    public static Arbitrary<KeySequence> Sequences() => Arb.From(Sequence, Smaller);

    private static Gen<string> User => Gen.Frequency(
        (4, Gen.Constant("alice")), (3, Gen.Constant("root")), (2, Gen.Constant("bob")), (1, Gen.Elements("carol", "dave")));

    private static Gen<string> Key => Gen.Frequency(
        (8, Gen.Constant("K1")), (2, Gen.Constant("K2")), (1, Gen.Elements("K1.32", "K1.31", "K1.16")));

    private static Gen<string> NamedKey => from key in Key
                                           from old in Gen.Frequency((3, Gen.Constant("")), (1, Gen.Constant(" spec=desc")))
                                           select key + old;

    private static Gen<string> AddedKey => Gen.Frequency(
        (6, NamedKey), (1, from name in Provisioned from old in Gen.Elements("", " spec=desc") select name + old), (1, from size in Gen.Elements(0, 15, 65, 4000) from old in Gen.Elements("", " spec=desc") select $"K1.{size}{old}"));

    // A name is of one user only: P is alice's, Q is bob's and of version 1, R is root's.
    private static Gen<string> Provisioned => Gen.Frequency((3, Gen.Constant("P")), (1, Gen.Elements("Q", "R")));

    private static Gen<string> Provision => Gen.Elements(
        "alice provision_key P K1", "alice provision_key P K1", "alice provision_key P K1.15", "bob provision_key Q K1 spec=desc", "root provision_key R K1 spec=desc");

    private static Gen<string> Directory => Gen.Frequency((3, Gen.Constant("d")), (1, Gen.Constant("e")), (1, Gen.Constant("d/s")));

    private static Gen<string> File => Gen.Frequency(
        (3, Gen.Constant("d/f")), (2, Gen.Constant("d/g")), (2, Gen.Constant("d/s/h")), (1, Gen.Elements("e/f", "p")));

    private static Gen<string> Path => Gen.OneOf(Directory, File);

    private static Gen<string> Handle => Gen.Elements("F", "G");

    private static Gen<string> Policy => from key in Key
                                         from version in Gen.Frequency((4, Gen.Constant("")), (1, Gen.Constant(" v=1")))
                                         from flags in Gen.Frequency(
                                             (6, Gen.Constant("")), (1, Gen.Elements(0, 1, 3, 4, 8, 16, 32, 128).Select(f => $" flags={f}")),
                                             (2, Gen.Elements(3, 4, 7, 7, 8, 12).Select(f => $" flags={f} contents=9 names=9")), (1, Gen.Constant(" names=9")))
                                         select key + version + flags;

    private static Gen<string> Room => from path in Path
                                       from room in Gen.Elements(0, 11, 12, 23, 24, 99)
                                       select $"{path} psize={room}";

    private static Gen<string> Opened => Gen.Frequency(
        (4, from path in File from mode in Gen.Elements("r", "rw") select $"{path} {mode}"), (1, Gen.Elements("d dir", "e dir")));

    private static Gen<string> Call => Gen.Frequency(
        (40, OfAnybody), (2, Provision), (1, from owner in Gen.Elements("alice", "alice", "bob", "root") from how in Gen.Elements("revoke", "unlink")
                                            from name in Provisioned select $"{owner} unprovision_key {how} {name}"),
        (1, from limit in Gen.Elements(0, 1, 1, 2, 3, 200) from user in Gen.Elements("root", "root", "root", "carol") select $"{user} key_quota keys {limit}"));

    private static Gen<string> OfAnybody => from user in User
                                       from operation in Gen.Frequency(
                                           (4, AddedKey.Select(k => $"add_key {k}")), (5, NamedKey.Select(k => $"rm_key {k}")),
                                           (1, NamedKey.Select(k => $"rm_key_all {k}")), (4, NamedKey.Select(k => $"status {k}")),
                                           (2, from path in Path from policy in Policy select $"set_policy {path} {policy}"),
                                           (1, Path.Select(p => $"get_policy {p}")),
                                           (1, Room.Select(r => $"get_policy {r}")),
                                           (1, Path.Select(p => $"get_policy_old {p}")), (1, Path.Select(p => $"get_nonce {p}")),
                                           (2, Directory.Select(d => $"mkdir {d}")), (3, File.Select(f => $"create {f} text")),
                                           (3, from handle in Handle from opened in Opened select $"open {handle} {opened}"),
                                           (2, Handle.Select(h => $"close {h}")), (4, File.Select(f => $"cat {f}")),
                                           (1, Handle.Select(h => $"write {h} new")), (1, Handle.Select(h => $"write {h} longer")),
                                           (1, Gen.Constant("sync")))
                                       select $"{user} {operation}";

    private static Gen<KeySequence> Sequence => from beginning in Gen.Frequency((6, Gen.Constant(Beginning)), (1, Gen.Constant(Shared)), (2, Gen.Constant(Array.Empty<string>())))
                                                from calls in Call.ArrayOf()
                                                select new KeySequence([.. beginning, .. calls]);

    // Without some lines, many at first; then with simpler ones.
    private static IEnumerable<KeySequence> Smaller(KeySequence sequence)
    {
        var calls = sequence.Drawn;
        for (var length = calls.Length / 2; length >= 1; length /= 2)
        {
            for (var start = 0; start + length <= calls.Length; start += length)
                yield return new KeySequence([.. calls[..start], .. calls[(start + length)..]]);
        }

        for (var i = 0; i < calls.Length; i++)
        {
            foreach (var simpler in Simpler(calls[i]).Where(s => s != calls[i]))
                yield return new KeySequence([.. calls[..i], simpler, .. calls[(i + 1)..]]);
        }
    }

    private static IEnumerable<string> Simpler(string call)
    {
        var words = call.Split(' ');
        if (words[0] is not ("alice" or "root"))
            yield return string.Join(' ', ["alice", .. words[1..]]);
        if (words.Length > 3 && words[^1].Contains('=', StringComparison.Ordinal))
            yield return string.Join(' ', words[..^1]);
    }
}
