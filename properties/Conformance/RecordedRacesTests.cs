using System.Text.Json;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>
/// Four threads raced for a minute on Linux 6.18, one of which added and removed the key all the time. Whatever one of their calls answered
/// there, some schedule of a scenario of the library makes it answer.
/// </summary>
public static class RecordedRacesTests
{
    // The call, its scenario, the register that has the answer; and what the recording calls each answer.
    private static readonly (string Call, string Scenario, string Register, (string Recorded, string Answer)[] Answers)[] Rows =
    [
        ("add_key", "races/keys-vs-mkdir", "added", [("OK", "OK")]),
        ("rm_key", "remove-vs-open", "removal", [("OK[]", "OK"), ("OK[BUSY]", "OK[FILES_BUSY]")]),
        ("cat d/f", "remove-vs-open", "read", [("OK", "hello"), ("open:ENOKEY", "ENOKEY"), ("open:ENOENT", "ENOENT")]),
        ("cat d/sub/g", "races/remove-vs-nested-read", "read", [("OK", "hello"), ("open:ENOKEY", "ENOKEY"), ("open:ENOENT", "ENOENT")]),
        ("lstat d/f", "races/remove-vs-list", "seen", [("OK", "file[inode=f,nlink=1,size=5,encrypted]"), ("ENOENT", "ENOENT")]),
        ("ls d", "races/remove-vs-list", "names", [("plaintext", "f"), ("nokey", "nokey(f)")]),
        ("create d/x", "races/remove-vs-create", "made", [("OK", "OK"), ("ENOKEY", "ENOKEY")]),
        ("unlink d/x", "races/remove-vs-create", "unlinked", [("OK", "OK"), ("ENOENT", "ENOENT")]),
        ("write fd", "races/remove-vs-create", "written", [("OK", "OK")]),
        ("read fd", "races/remove-vs-create", "read", [("OK", "hello")]),
        ("mkdir d/y", "races/keys-vs-mkdir", "made", [("OK", "OK"), ("ENOKEY", "ENOKEY"), ("EEXIST", "EEXIST")]),
        ("rmdir d/y", "races/keys-vs-mkdir", "removed", [("OK", "OK"), ("ENOENT", "ENOENT")]),
        ("tmpfile d", "races/remove-vs-tmpfile", "made", [("OK", "OK"), ("ENOKEY", "ENOKEY")]),
        ("status", "races/keys-vs-status", "seen",
            [("PRESENT+self users=1", "PRESENT[users=1,self]"), ("INCOMPLETE users=0", "INCOMPLETELY_REMOVED"), ("ABSENT users=0", "ABSENT")]),
        ("readlink d/s2", "races/remove-vs-readlink", "target", [("plain", "f"), ("ciphertext", "ciphertext"), ("ENOENT", "ENOENT")]),
        ("cat d/s (symlink to f)", "races/remove-vs-follow", "data", [("OK", "hello"), ("open:ENOKEY", "ENOKEY"), ("open:ENOENT", "ENOENT")]),
    ];

    [Fact]
    public static void Every_recorded_answer_is_one_that_some_schedule_gives()
    {
        var races = JsonDocument.Parse(File.ReadAllText(Path.Combine(
            Documents.KernelMapTests.Root(), "properties", "Conformance", "Recordings", "linux-6.18-races.json"))).RootElement;
        var calls = Assert.Single(races.EnumerateArray()).GetProperty("ops");
        Assert.Equal(calls.EnumerateObject().Select(c => c.Name).Order(StringComparer.Ordinal), Rows.Select(r => r.Call).Order(StringComparer.Ordinal));

        var outcomes = new Dictionary<(string Scenario, int Preemptions), IReadOnlyList<string>>();
        foreach (var (call, scenario, register, answers) in Rows)
        {
            foreach (var recorded in calls.GetProperty(call).EnumerateObject())
            {
                var answer = Assert.Single(answers, a => a.Recorded == recorded.Name).Answer;
                Assert.True(IsGiven(1) || IsGiven(2), $"{call}: no schedule of {scenario} gives {answer}");

                bool IsGiven(int preemptions)
                {
                    if (!outcomes.TryGetValue((scenario, preemptions), out var seen))
                        outcomes[(scenario, preemptions)] = seen = OutcomesOf(scenario, preemptions);
                    return seen.Any(o => $" {o} ".Contains($" {register}={answer} ", StringComparison.Ordinal));
                }
            }
        }
    }

    private static IReadOnlyList<string> OutcomesOf(string scenario, int preemptions)
    {
        var plan = new SearchPlan(ScenarioLibrary.Named(scenario)!, new KernelConfiguration())
        {
            Strategy = StrategyNames.DepthFirst, PreemptionsMax = preemptions,
        };
        return [.. Explorer.Run(plan, new SearchProgress(null)).Tally.Outcomes.Select(o => o.ToString())];
    }
}
