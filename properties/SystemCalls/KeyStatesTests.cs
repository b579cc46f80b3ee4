using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Random sequences of system calls: the model answers what the small specification of key states answers.</summary>
public static class KeyStatesTests
{
    [Property(MaxTest = 400, Arbitrary = [typeof(Commands)])]
    public static Property Sequences_are_answered_as_specified_by_drop_inode(Command[] commands)
        => Agree(commands, new KernelConfiguration());

    [Property(MaxTest = 150, Arbitrary = [typeof(Commands)])]
    public static Property Sequences_are_answered_as_specified_before_dirty_inodes_were_kept(Command[] commands)
        => Agree(commands, new KernelConfiguration { Release = KernelRelease.Named("v5.4")! });

    [Property(MaxTest = 150, Arbitrary = [typeof(Commands)])]
    public static Property Sequences_are_answered_as_specified_by_walk_and_invalidate(Command[] commands)
        => Agree(commands, new KernelConfiguration { Design = Design.Walk });

    [Property(MaxTest = 150, Arbitrary = [typeof(Commands)])]
    public static Property Sequences_are_answered_as_specified_by_the_walk_that_skips_states(Command[] commands)
        => Agree(commands, new KernelConfiguration { Design = Design.WalkSkipBusy });

    [Fact]
    public static void Sequences_reach_the_interesting_answers()
    {
        var seen = new HashSet<string>();
        foreach (var commands in Commands.Sequences().Sample(40, new Rnd(1, 3), 400))
        {
            var states = new KeyStates();
            seen.UnionWith(commands.Select(states.Answer));
        }

        Assert.Superset(
            new HashSet<string>
            {
                "OK", "ENOKEY", "ENOENT", "OK[FILES_BUSY]", "OK[OTHER_USERS]", "INCOMPLETELY_REMOVED 0 False", "ABSENT 0 False",
                "PRESENT 2 True", "PRESENT 1 False", "new",
            },
            seen);
    }

    [Fact]
    public static void A_specification_with_one_wrong_answer_is_caught()
    {
        // The last close does not lock: a model that forgot it would answer ABSENT here.
        Command[] commands =
        [
            new(CommandKind.AddKey, 1, 0, 0, 0, ""), new(CommandKind.Open, 1, 0, 0, 0, ""), new(CommandKind.RemoveKey, 1, 0, 0, 0, ""),
            new(CommandKind.Close, 1, 0, 0, 0, ""), new(CommandKind.Status, 1, 0, 0, 0, ""), new(CommandKind.RemoveKey, 2, 0, 0, 0, ""),
            new(CommandKind.Status, 1, 0, 0, 0, ""),
        ];
        Assert.Equal(
            ["OK", "OK", "OK[FILES_BUSY]", "OK", "INCOMPLETELY_REMOVED 0 False", "OK", "ABSENT 0 False"],
            Run(commands, new KernelConfiguration()));
    }

    private static Property Agree(Command[] commands, KernelConfiguration configuration)
    {
        var states = new KeyStates();
        var expected = commands.Select(states.Answer).ToArray();
        var actual = Run(commands, configuration);
        var first = Enumerable.Range(0, commands.Length).FirstOrDefault(i => expected[i] != actual[i], -1);
        var label = first < 0 ? "" : $"step {first + 1}, {commands[first]}: expected {expected[first]}, the model answers {actual[first]}";
        return (first < 0).Label(label);
    }

    private static string[] Run(Command[] commands, KernelConfiguration configuration)
    {
        var host = new NativeHost<DepthFirst>(new DepthFirst(0));
        var user = new Users(new Kernel(host, configuration));
        var answers = new List<string>();
        var ended = host.RunAlone(new ThreadBody("user", async () =>
        {
            await user.Kernel.Mount();
            foreach (var command in commands)
                answers.Add(await user.Do(command));
            for (var handle = 0; handle < 3; handle++)
                await user.Do(new Command(CommandKind.Close, 0, 0, 0, handle, ""));
        }));
        Assert.True(ended, host.Finding?.ToString());
        user.Kernel.CheckAtEnd();
        Assert.Null(host.Finding);
        return [.. answers];
    }

    private sealed class Users
    {
        private readonly int[][] paths;
        private readonly OpenFile?[] handles = new OpenFile?[3];

        public Users(Kernel kernel)
        {
            Kernel = kernel;
            var disk = kernel.Disk;
            var first = disk.AddDirectory(Model.Vfs.Disk.RootNumber, "d", 0);
            var second = disk.AddDirectory(Model.Vfs.Disk.RootNumber, "e", 1);
            disk.AddFile(first, "a", "t0");
            disk.AddFile(first, "b", "t1");
            disk.AddFile(second, "c", "t2");
            paths = [[disk.FileName("d"), disk.FileName("a")], [disk.FileName("d"), disk.FileName("b")], [disk.FileName("e"), disk.FileName("c")]];
        }

        public Kernel Kernel { get; }

        public async KTask<string> Do(Command command)
        {
            var calls = Kernel.Calls;
            switch (command.Kind)
            {
                case CommandKind.AddKey:
                    return (await calls.AddKey(command.Key, command.User)).ToString();
                case CommandKind.RemoveKey:
                    var (error, flags) = await calls.RemoveKey(command.Key, command.User);
                    return error != Errno.OK ? error.ToString()
                        : flags == RemovalFlags.None ? "OK" : flags == RemovalFlags.FilesBusy ? "OK[FILES_BUSY]" : "OK[OTHER_USERS]";
                case CommandKind.Status:
                    var answer = await calls.KeyStatus(command.Key, command.User);
                    var name = answer.Status == KeyStatus.Present ? "PRESENT" : answer.Status == KeyStatus.Absent ? "ABSENT" : "INCOMPLETELY_REMOVED";
                    return $"{name} {answer.UserCount} {answer.AddedBySelf}";
                case CommandKind.Open when handles[command.Handle] != null:
                    return "in use";
                case CommandKind.Open:
                    (error, handles[command.Handle]) = await calls.Open(paths[command.File]);
                    return error.ToString();
                case CommandKind.Close or CommandKind.Write when handles[command.Handle] == null:
                    return "not open";
                case CommandKind.Close:
                    error = await calls.Close(handles[command.Handle]!);
                    handles[command.Handle] = null;
                    return error.ToString();
                case CommandKind.Write:
                    return (await calls.Write(handles[command.Handle]!, Kernel.Disk.Text(command.Text))).ToString();
                default:
                    (error, var file) = await calls.Open(paths[command.File]);
                    if (error != Errno.OK)
                        return error.ToString();
                    (_, var text) = await calls.Read(file!);
                    await calls.Close(file!);
                    return Kernel.Disk.TextOf(text);
            }
        }
    }

    private static class Commands
    {
        public static Arbitrary<Command> Command() => Arb.From(Single(), Simpler);

        public static Gen<Command[]> Sequences() => Single().ArrayOf();

        private static Gen<Command> Single()
            => from kind in Gen.Frequency(
                   (3, Gen.Constant(CommandKind.AddKey)), (4, Gen.Constant(CommandKind.RemoveKey)), (2, Gen.Constant(CommandKind.Status)),
                   (4, Gen.Constant(CommandKind.Open)), (2, Gen.Constant(CommandKind.Close)), (2, Gen.Constant(CommandKind.Write)),
                   (2, Gen.Constant(CommandKind.Cat)))
               from user in Gen.Choose(0, 2)
               from key in Gen.Choose(0, 1)
               from file in Gen.Choose(0, 2)
               from handle in Gen.Choose(0, 2)
               from text in Gen.Elements("new", "newer")
               select new Command(kind, user, key, file, handle, text);

        private static IEnumerable<Command> Simpler(Command command)
        {
            if (command.User > 0)
                yield return command with { User = command.User - 1 };
            if (command.Key > 0)
                yield return command with { Key = 0 };
            if (command.File > 0)
                yield return command with { File = command.File - 1 };
            if (command.Handle > 0)
                yield return command with { Handle = command.Handle - 1 };
        }
    }
}
