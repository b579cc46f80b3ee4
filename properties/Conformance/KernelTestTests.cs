using System.Diagnostics;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Conformance.KernelTests;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;
using Xunit;
using Trace = Fscrypt.Sim.Findings.Trace;

namespace Fscrypt.Sim.Properties.Conformance;

/// <summary>Traces as tests for a real kernel: the calls begin in the order of the trace, and what is written compiles.</summary>
public static class KernelTestTests
{
    private const string Setup = "setup\n  root add_key K1\n  root mkdir d\n  root set_policy d K1\n  root create d/f hello\n  root open F d/f rw\n";

    // Every operation that there is; the second one has what only some files and names can.
    private const string Everything = Setup + """
          alice add_key K2.32 spec=desc -> added
          root mkdir e
          root set_policy e K2 v=1 flags=0 -> set
          root symlink f d/s
          root mmap M F rw=1
          root chmod d/f 600
          root chown d/f 1001
        thread a
          root write F "wor?ld\n" off=3
          root fsync F -> a
          root ftruncate F 2
          root mwrite M x
          root mread M -> m
          root munmap M
          root fadvise F
          root flock F
          root fstat F -> stat
          root syncfs F
          root read F n=3 off=1 -> r
          root close F
        thread b
          alice rm_key K1 -> b
          alice rm_key_all K1
          bob status K1 -> asked
          root append d/f text
          root truncate d/f 1
          root ls d
          root lstat d/f
          root readlink d/s f -> target
          root rename d/f d/g flags=noreplace
          root link d/g d/h
          root unlink d/h
          root tmpfile T d
          root mknod d/dev
          root open G d/g w,creat,trunc,append,nofollow
          root open D e dir
          root mkdir fd:D/x
          root rmdir e/x
          root drop_caches 2
          root sync
          root cat d/g -> data
        """;

    [Fact]
    public static void Calls_begin_in_the_order_of_the_trace()
    {
        // The removal begins when the first of the other thread's two calls is over, and the second one has begun and is not.
        var (program, _) = Of(Setup + "thread a\n  root status K1 -> a\n  root status K1 -> b\nthread b\n  root rm_key K1 -> removal\nfinally\n  root status K1 -> c\n",
            o => o.Contains("a=PRESENT[users=1,self] b=INCOMPLETELY_REMOVED", StringComparison.Ordinal));
        Assert.Contains("before(r, 1, 2, (const int[]){ 2, 0 }, (const int[]){ 1, 0 });\n\tdo_rm_key(", program, StringComparison.Ordinal);
        Assert.Contains("wanted[] = { \"PRESENT[users=1,self]\", \"INCOMPLETELY_REMOVED\", \"OK[FILES_BUSY]\", \"INCOMPLETELY_REMOVED\", NULL }", program, StringComparison.Ordinal);
    }

    [Fact]
    public static void A_call_that_is_over_is_waited_for()
    {
        var (program, _) = Of(Setup + "thread a\n  root status K1 -> a\nthread b\n  root rm_key_all K1 -> removal\n  root close F\n  root rm_key K1 -> second\n",
            o => o == "a=ABSENT removal=OK[FILES_BUSY] second=OK");
        Assert.Matches("static void thread_0[^}]*\\{ 0, 3 \\}[^}]*\\{ 0, [23] \\}", program);
    }

    [Theory]
    [InlineData("root chdir d", "kernel-test has no chdir")]
    [InlineData("root remount", "kernel-test has no remount")]
    [InlineData("root cat d/@f", "no names without the key")]
    [InlineData("root status K1 poke=3:1", "keys' arguments whole")]
    public static void What_user_space_cannot_do_is_refused(string operation, string reason)
    {
        var plan = PlanOf("setup\n  root add_key K1\nthread a\n  root status K1 -> a\nthread b\n  " + operation + " -> b\n");
        Assert.Null(KernelTest.Of(TraceOf(plan, _ => true), plan, out var refusal));
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [CompilerFact]
    public static void What_is_written_compiles()
    {
        var (program, script) = Of(Everything, _ => true);
        Assert.Equal("", Output("gcc", ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-pthread", "-x", "c", "-"], program));
        Assert.Equal("", Output("bash", ["-n"], script));
    }

    [Fact]
    public static void The_verb_writes_a_program_and_a_script()
    {
        var directory = Directory.CreateTempSubdirectory("show").FullName;
        try
        {
            var plan = PlanOf(Setup + "thread a\n  root status K1 -> a\nthread b\n  root rm_key K1 -> b\n");
            var path = TraceFile.Write(TraceOf(plan, _ => true), directory);
            using var output = new StringWriter();
            var cli = new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false));
            Assert.Equal(ExitCode.Good, cli.Run(["show", path, "--format", "kernel-test", "--out", directory]));
            var name = path[..^".trace.json".Length];
            Assert.Equal($"{name}.c\n{name}.sh\n", output.ToString());
            Assert.Equal(3, Directory.GetFiles(directory).Length);
            foreach (var word in new[] { "_begin_fstest", "_require_scratch_encryption", "_scratch_mount", "status=0" })
                Assert.Contains(word, File.ReadAllText(name + ".sh"), StringComparison.Ordinal);
            Assert.Equal(ExitCode.Usage, cli.Run(["show", path, "--format", "kernel-tests"]));
            Assert.Contains("kernel-test", output.ToString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static (string Program, string Script) Of(string text, Func<string, bool> outcome)
    {
        var plan = PlanOf(text);
        var test = KernelTest.Of(TraceOf(plan, outcome), plan, out var refusal);
        Assert.Null(refusal);
        return test!.Value;
    }

    private static SearchPlan PlanOf(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("test", "scenario test\n" + text + "\n"));
        Assert.Equal("", file.Diagnostics.Format() + file.MissingText);
        return new SearchPlan(file.Scenario!, new KernelConfiguration()) { PreemptionsMax = 1, TracesOutcomes = true, ExecutionsMax = 400 };
    }

    private static Trace TraceOf(SearchPlan plan, Func<string, bool> wanted)
    {
        var outcome = Explorer.Run(plan, new SearchProgress(null)).Tally.Outcomes.First(o => wanted(o.ToString()));
        using var recording = new Recording(plan, outcome.Schedule);
        return recording.TraceOfOutcome(1);
    }

    private static string Output(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return error;
    }

    private sealed class CompilerFactAttribute : FactAttribute
    {
        public CompilerFactAttribute() => Skip = new[] { "gcc", "bash" }.FirstOrDefault(p => !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, p)))) is { } missing
            ? $"no {missing}" : File.Exists("/usr/include/linux/fscrypt.h") ? null : "no linux/fscrypt.h";
    }
}
