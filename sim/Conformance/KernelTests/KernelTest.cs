using System.Globalization;
using System.Text;
using Fscrypt.Sim.Conformance.Live;
using Fscrypt.Sim.Findings;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Conformance.KernelTests;

/// <summary>
/// A trace as a test for a real kernel: a program in C whose threads begin their system calls in the order of the trace, and a script
/// in the shape of an xfstest that runs it. Best effort: what happens inside of calls that overlap is tried often, and not decided.
/// </summary>
internal sealed class KernelTest
{
    private static readonly string[] NotCompared = ["ls", "lstat", "fstat"];

    private readonly Race race;
    private readonly ScenarioSyntax syntax;
    private readonly Trace trace;
    private readonly CallOrder order;
    private readonly List<string> files = [];
    private readonly List<string> maps = [];
    private readonly List<string> keys;
    private readonly StringBuilder text = new();

    private KernelTest(Trace trace, SearchPlan plan, ScenarioSyntax syntax)
    {
        this.trace = trace;
        this.syntax = syntax;
        race = Race.From(plan.Scenario, syntax);
        order = new CallOrder(race, syntax, trace, plan);
        keys = [.. race.All.SelectMany(s => s.Step.Args).Where(Keys.IsKey).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>What the files are called, without their endings.</summary>
    public static string NameOf(Trace trace) => trace.FileName[..^".trace.json".Length];

    /// <summary>The program and the script; null, and why, if the trace is of what user space cannot do.</summary>
    public static (string Program, string Script)? Of(Trace trace, SearchPlan plan, out string? refusal)
    {
        refusal = null;
        if (Race.SyntaxOf(plan.Scenario) is not { } syntax)
        {
            refusal = "the scenario has no system calls";
            return null;
        }

        try
        {
            var test = new KernelTest(trace, plan, syntax);
            return (test.Program(), test.Script());
        }
        catch (NotExpressibleException exception)
        {
            refusal = exception.Message;
            return null;
        }
    }

    private string Program()
    {
        // Tables last, because what the calls need is known when they are written.
        var bodies = new StringBuilder();
        for (var i = 0; i < race.Threads.Count; i++)
            bodies.Append(Thread(i));
        var beside = Beside().ToList();
        for (var i = 0; i < beside.Count; i++)
            bodies.Append(CultureInfo.InvariantCulture, $"static void thread_{race.Threads.Count + i}(struct run *r)\n{{\n\tchar out[TEXT_MAX];\n\n{beside[i]}}}\n\n");
        var setup = Alone("setup", race.Setup, needs: true);
        var last = Alone("finish", race.Finally, needs: false);
        var threads = race.Threads.Count + beside.Count;

        text.Append(Header());
        text.Append(Resource("runtime.c")).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"enum {{ THREADS = {threads}, FILES = {files.Count}, MAPS = {maps.Count}, REGISTERS = {race.Registers.Count} }};\n\n");
        text.Append("static const struct key keys[] = {\n");
        foreach (var key in keys)
            text.Append(CultureInfo.InvariantCulture, $"\t{{ {Quoted(key)}, {Keys.BytesOf(key).Length}, {Bytes(Keys.BytesOf(key))},\n\t  {Bytes(KeyIdentities.Derive(Keys.BytesOf(key)))}, {Bytes(Keys.DescriptorOf(key))} }},\n");
        text.Append("\t{ 0 }\n};\n\n");
        text.Append("static const char *const names[] = { ").AppendJoin(", ", race.Registers.Select(Quoted).Append("NULL")).Append(" };\n\n");
        text.Append("/* What the trace came to; NULL for what is not compared. */\n");
        text.Append(CultureInfo.InvariantCulture, $"enum {{ HAS_WANTED = {(order.Results == null ? 0 : 1)} }};\n");
        text.Append("static const char *const wanted[] = { ").AppendJoin(", ", Enumerable.Range(0, race.Registers.Count).Select(Wanted).Append("NULL")).Append(" };\n\n");
        text.Append(setup).Append(bodies).Append(last).Append(Forget());
        text.Append("static void (*const threads[])(struct run *) = { ").AppendJoin(", ", Enumerable.Range(0, threads).Select(i => FormattableString.Invariant($"thread_{i}"))).Append(" };\n");
        text.Append(Resource("main.c"));
        return text.ToString();
    }

    private string Header() => $"""
        // SPDX-License-Identifier: MIT
        /*
         * {Plain(trace.Scenario)}: {Plain(trace.KernelText)}, rule {Plain(trace.Rule)}.
         * {Plain(trace.Finding.Message)}
         *
         * Written by fscrypt-sim show --format kernel-test, best effort. The threads begin their system calls in the order of the
         * trace; those that overlap in it begin one after the other and are put off at random. It runs as root, in new directories
         * of a mounted file system with encryption:
         *
         *	gcc -O2 -Wall -pthread -o race THIS && ./race MOUNT-POINT [ROUNDS]
         *
         * It ends with 1 if the outcome of the trace came, with 0 if it did not, and with 2 if it could not be tried.{Absent()}
         */

        """.ReplaceLineEndings("\n");

    private string Absent()
    {
        var absent = syntax.Faults.Select(f => $"fault {f.Error} in {f.Operation}")
            .Concat(syntax.Backgrounds.Where(b => b.Name.Text is not ("flusher" or "shrinker" or "reclaim")).Select(b => $"background {b.Name}")).ToList();
        return absent.Count == 0 ? "" : $"\n * What user space cannot ask for, and what the trace may need: {string.Join(", ", absent)}.";
    }

    // What the kernel does by itself is asked for beside the threads.
    private IEnumerable<string> Beside()
    {
        foreach (var background in syntax.Backgrounds)
        {
            var call = background.Name.Text switch
            {
                "flusher" => "put(out, syncfs(root_of(r)));",
                "shrinker" or "reclaim" => "do_drop_caches(out, \"2\");",
                _ => null,
            };
            if (call?.Contains("root_of", StringComparison.Ordinal) == true)
                call = "int fd = root_of(r);\n\n\t\tput(out, syncfs(fd));\n\t\tclose(fd);";
            if (call != null)
                yield return FormattableString.Invariant($"\tfor (int i = 0; i < {background.AtMost}; i++) {{\n\t\t{call}\n\t}}\n") + (call.Contains("r)", StringComparison.Ordinal) ? "" : "\t(void)r;\n");
        }
    }

    private string Thread(int thread)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"static void thread_{thread}(struct run *r)\n{{\n\tchar out[TEXT_MAX];\n\n\t(void)out;\n");
        for (var i = 0; i < race.Threads[thread].Count; i++)
        {
            var step = race.Threads[thread][i];
            var time = order.TimeOf(thread, i);
            var others = Enumerable.Range(0, race.Threads.Count).ToList();
            var begun = others.Select(t => t == thread ? 0 : order.BegunBefore(t, time));
            var ended = others.Select(t => t == thread ? 0 : order.EndedBefore(t, time));
            body.Append(CultureInfo.InvariantCulture, $"\tbecome({IdOf(step.Step.Actor)});\n");
            body.Append(CultureInfo.InvariantCulture, $"\tbefore(r, {thread}, {race.Threads.Count}, (const int[]){{ {string.Join(", ", begun)} }}, (const int[]){{ {string.Join(", ", ended)} }});\n");
            body.Append(CultureInfo.InvariantCulture, $"\t{Call(step)}\n\tafter(r, {thread});\n");
        }

        return body.Append("}\n\n").ToString();
    }

    private string Alone(string name, IReadOnlyList<RaceStep> steps, bool needs)
    {
        var body = new StringBuilder();
        body.Append(CultureInfo.InvariantCulture, $"static void {name}(struct run *r)\n{{\n\tchar out[TEXT_MAX];\n\n\t(void)r;\n\t(void)out;\n");
        foreach (var step in steps)
        {
            body.Append(CultureInfo.InvariantCulture, $"\tbecome({IdOf(step.Step.Actor)});\n\t{Call(step)}\n");
            if (needs && step.Register < 0 && step.Step.Op is not ("cat" or "read" or "mread" or "readlink" or "status"))
                body.Append(CultureInfo.InvariantCulture, $"\tneed(out, {Quoted(step.Step.Text)});\n");
        }

        return body.Append("}\n\n").ToString();
    }

    // All keys go after a round: the next one begins in another directory, and nothing else.
    private string Forget()
    {
        var body = new StringBuilder("static void forget(struct run *r)\n{\n\tchar out[TEXT_MAX];\n\n\t(void)r;\n\t(void)out;\n");
        foreach (var (key, old) in race.All.Where(s => s.Step.Op == "add_key").Select(s => (s.Step.Args[0], IsOld(s.Step))).Distinct())
            body.Append(CultureInfo.InvariantCulture, $"\tdo_rm_key(r, out, &keys[{keys.IndexOf(key)}], {old}, 1);\n");
        return body.Append("}\n\n").ToString();
    }

    private string Call(RaceStep step)
    {
        var a = new StepArguments(step.Step);
        var result = step.Register < 0 ? "out" : string.Create(CultureInfo.InvariantCulture, $"r->registers[{step.Register}]");
        if (step.Step.Args.Any(w => w.StartsWith("poke=", StringComparison.Ordinal) || w.StartsWith("on=", StringComparison.Ordinal)))
            throw new NotExpressibleException($"'{step.Step.Text}': kernel-test writes keys' arguments whole, and asks the root directory");
        return step.Step.Op switch
        {
            "add_key" => $"do_add_key(r, {result}, {Key(a[0])}, {IsOld(step.Step)});",
            "rm_key" or "rm_key_all" => $"do_rm_key(r, {result}, {Key(a[0])}, {IsOld(step.Step)}, {(step.Step.Op == "rm_key" ? 0 : 1)});",
            "status" => $"do_status(r, {result}, {Key(a[0])}, {IsOld(step.Step)});",
            "set_policy" => string.Create(CultureInfo.InvariantCulture, $"do_set_policy(r, {result}, {Path(a[0])}, {Key(a[1])}, {(a.Option("v") == "1" ? 1 : 0)}, {a.Number("contents", 1)}, {a.Number("names", 4)}, {a.Number("flags", 3)});"),
            "mkdir" => $"put({result}, mkdirat({Path(a[0])}, 0777));",
            "rmdir" => $"put({result}, unlinkat({Path(a[0])}, AT_REMOVEDIR));",
            "unlink" => $"put({result}, unlinkat({Path(a[0])}, 0));",
            "mknod" => $"put({result}, mknodat({Path(a[0])}, S_IFCHR | 0666, makedev(0, 0)));",
            "create" => $"do_create({result}, {Path(a[0])}, {Quoted(a.Count > 1 ? a[1] : "")});",
            "append" => $"do_append({result}, {Path(a[0])}, {Quoted(a[1])});",
            "cat" => $"do_cat({result}, {Path(a[0])});",
            "symlink" => $"put({result}, symlinkat({Quoted(a[0])}, {Path(a[1])}));",
            "readlink" => $"do_readlink({result}, {Path(a[0])}, {Quoted(a.Count > 1 ? a[1] : "")});",
            "link" => $"put({result}, linkat({Path(a[0])}, {Path(a[1])}, 0));",
            "rename" => $"put({result}, renameat2({Path(a[0])}, {Path(a[1])}, {a.Option("flags") switch { "noreplace" => 1, "exchange" => 2, _ => 0 }}));",
            "open" => $"do_open(r, {result}, {File(a[0])}, {Path(a[1])}, {Flags(a.Count > 2 ? a[2] : "r")});",
            "tmpfile" => $"do_open(r, {result}, {File(a[0])}, {Path(a[1])}, O_RDWR | O_TMPFILE);",
            "close" => $"do_close(r, {result}, {File(a[0])});",
            "read" => string.Create(CultureInfo.InvariantCulture, $"do_read(r, {result}, {File(a[0])}, {a.Number("n", 64)}, {a.Number("off", 0)});"),
            "write" => string.Create(CultureInfo.InvariantCulture, $"do_write(r, {result}, {File(a[0])}, {Quoted(a[1])}, {a.Number("off", 0)});"),
            "ls" => $"do_ls({result}, {Path(a[0])});",
            "lstat" => $"do_lstat({result}, {Path(a[0])}, AT_SYMLINK_NOFOLLOW);",
            "fstat" => $"do_lstat({result}, {Descriptor(a[0])}, \"\", AT_EMPTY_PATH);",
            "ftruncate" => $"put({result}, ftruncate({Descriptor(a[0])}, {a[1]}));",
            "truncate" => $"do_truncate({result}, {Path(a[0])}, {a[1]});",
            "fsync" => $"put({result}, fsync({Descriptor(a[0])}));",
            "syncfs" => $"put({result}, syncfs({Descriptor(a[0])}));",
            "sync" => $"sync();\n\tput({result}, 0);",
            "fadvise" => $"put({result}, -(errno = posix_fadvise({Descriptor(a[0])}, 0, 0, POSIX_FADV_DONTNEED)));",
            "flock" => $"put({result}, flock({Descriptor(a[0])}, LOCK_EX | LOCK_NB));",
            "chmod" => $"put({result}, fchmodat({Path(a[0])}, 0{a[1]}, 0));",
            "chown" => $"put({result}, fchownat({Path(a[0])}, {a[1]}, -1, AT_SYMLINK_NOFOLLOW));",
            "mmap" => $"do_mmap(r, {result}, {Map(a[0])}, {File(a[1])}, {(a.Option("rw") == null ? 0 : 1)}, {(a.Option("private") == null ? 0 : 1)});",
            "mread" => $"do_mread(r, {result}, {Map(a[0])});",
            "mwrite" => $"do_mwrite(r, {result}, {Map(a[0])}, {Quoted(a[1])});",
            "munmap" => $"do_munmap(r, {result}, {Map(a[0])});",
            "drop_caches" => $"do_drop_caches({result}, {Quoted(a[0])});",
            var other => throw new NotExpressibleException($"'{step.Step.Text}': kernel-test has no {other}"),
        };
    }

    private string Key(string word) => keys.IndexOf(word) is >= 0 and var i ? FormattableString.Invariant($"&keys[{i}]")
        : throw new NotExpressibleException($"{word} is a key of a process: kernel-test has K1 to K9");

    private string Path(string path)
    {
        if (path.StartsWith("cwd:", StringComparison.Ordinal) || path.Split('/').Any(c => c.StartsWith('@') || c == ".."))
            throw new NotExpressibleException($"'{path}': kernel-test has no working directories, no names without the key, and no '..'");
        if (!path.StartsWith("fd:", StringComparison.Ordinal))
            return $"r->dir, {Quoted(path is "/" ? "." : path)}";
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return $"{Descriptor(path[3..slash])}, {Quoted(path[(slash + 1)..])}";
    }

    private string Descriptor(string name) => $"atomic_load(&r->files[{File(name)}])";

    private string File(string name) => PlaceIn(files, name);

    private string Map(string name) => PlaceIn(maps, name);

    private static string PlaceIn(List<string> all, string name)
    {
        if (!all.Contains(name))
            all.Add(name);
        return all.IndexOf(name).ToString(CultureInfo.InvariantCulture);
    }

    private string Wanted(int register)
    {
        var isText = race.All.Any(s => s.Register == register && NotCompared.Contains(s.Step.Op));
        return isText || order.Results == null ? "NULL" : Quoted(order.Results[register].Replace("\0", "\\0", StringComparison.Ordinal));
    }

    private long IdOf(string actor) => race.Users.First(u => u.Name == actor).Id;

    private static int IsOld(RecordedStep step) => step.Args.Contains("spec=desc") ? 1 : 0;

    private static string Flags(string words)
    {
        var flags = words.Split(',');
        List<string> all = [flags.Contains("rw") ? "O_RDWR" : flags.Contains("w") ? "O_WRONLY" : "O_RDONLY"];
        all.AddRange(from pair in new[] { ("creat", "O_CREAT"), ("excl", "O_EXCL"), ("trunc", "O_TRUNC"), ("append", "O_APPEND"), ("dir", "O_DIRECTORY"), ("path", "O_PATH"), ("nofollow", "O_NOFOLLOW") }
                     where flags.Contains(pair.Item1)
                     select pair.Item2);
        return string.Join(" | ", all);
    }

    private static string Bytes(ReadOnlySpan<byte> bytes) => $"{{ {string.Join(", ", bytes.ToArray().Select(b => FormattableString.Invariant($"0x{b:x2}")))} }}";

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is (byte)'"' or (byte)'\\')
                quoted.Append('\\').Append((char)b);
            else if (b is >= 32 and < 127 and not (byte)'?')
                quoted.Append((char)b);
            else
                quoted.Append('\\').Append(Convert.ToString(b, 8).PadLeft(3, '0'));
        }

        return quoted.Append('"').ToString();
    }

    // Nothing of it may end a comment.
    private static string Plain(string text) => text.Replace("*/", "* /", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(KernelTest).Assembly.GetManifestResourceStream("kernel-tests/" + name)!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    private string Script() => $$"""
        #! /bin/bash
        # SPDX-License-Identifier: MIT
        #
        # {{Plain(trace.Scenario)}}: {{Plain(trace.Finding.Message)}}
        #
        # Written by fscrypt-sim show --format kernel-test, best effort. In a checkout of xfstests: copy this file as tests/generic/NNN and
        # {{NameOf(trace)}}.c into src/, and let tests/generic/NNN.out say "Silence is golden".
        #
        . ./common/preamble
        _begin_fstest auto encrypt

        . ./common/filter
        . ./common/encrypt

        _require_scratch_encryption -v 2
        _require_command "$(command -v gcc)" gcc

        # The race is built where it runs: nothing has to be added to a makefile.
        program=$tmp.race
        gcc -O2 -pthread -o "$program" "$here/src/{{NameOf(trace)}}.c" || _notrun "the race does not compile here"

        _scratch_mkfs_encrypted &>> $seqres.full
        _scratch_mount

        "$program" $SCRATCH_MNT ${RACE_ROUNDS:-2000} >> $seqres.full 2>&1
        case $? in
        0) ;;
        1) echo "the outcome of the trace came on this kernel: see $seqres.full" ;;
        *) _fail "the race could not be tried: see $seqres.full" ;;
        esac
        rm -f "$program"

        echo "Silence is golden"
        status=0
        exit

        """.ReplaceLineEndings("\n");
}
