using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios.Conditions;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>A scenario of system calls on one kernel: its users, descriptors, registers, and what its threads do.</summary>
internal sealed class CallBinding
{
    private static readonly (string Word, OpenFlags Flag)[] NamedFlags =
    [
        ("creat", OpenFlags.Create), ("excl", OpenFlags.Exclusive), ("trunc", OpenFlags.Truncate), ("append", OpenFlags.Append),
        ("dir", OpenFlags.Directory), ("path", OpenFlags.Path), ("nofollow", OpenFlags.NoFollow),
    ];

    private readonly ScenarioSyntax scenario;
    private readonly Kernel kernel;
    private readonly string file;
    private readonly Dictionary<string, Actor> actors = new(StringComparer.Ordinal);
    private readonly IReadOnlySet<string> shared;
    private readonly Dictionary<string, Descriptor> descriptors = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, int> strangers = [];
    private readonly RegisterSet registers = new();
    private readonly ImmutableArray<string> provisioned;
    private readonly bool hasProcessKeys;

    private CallBinding(ScenarioSyntax scenario, string file, Kernel kernel)
    {
        this.scenario = scenario;
        this.file = file;
        this.kernel = kernel;
        shared = SharedDescriptors.Of(scenario);
        var users = Users.Of(scenario);
        for (var i = 0; i < users.Length; i++)
        {
            if (i > 0)
                kernel.Users.Add(users[i].Capabilities, (uint)users[i].Id);
            var moves = CallChecker.CallsOf(scenario).Any(c => c.Actor.Text == users[i].Name && c.Operation.Text == "chdir");
            actors.Add(users[i].Name, new Actor(kernel, i, users[i].Name) { Directory = moves ? kernel.Calls.AddProcess() : null });
        }

        provisioned = [.. Provisions.Select(p => p.Name).Distinct()];
        hasProcessKeys = CallChecker.CallsOf(scenario).Any(c => c.Operation.Text is "session_key" or "provision_key");
        if (hasProcessKeys)
            kernel.ProcessKeyrings.Begin(users.Length);
    }

    /// <summary>Binds a scenario in which nothing is wrong, and that the model can do.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="file">The file it is written in, for messages.</param>
    /// <param name="kernel">The kernel.</param>
    public static ScenarioInstance Bind(ScenarioSyntax scenario, string file, Kernel kernel)
    {
        var binding = new CallBinding(scenario, file, kernel);
        var setup = binding.Compile(scenario.Setup);
        ThreadBody[] threads = [.. scenario.Threads.SelectMany(binding.BodiesOf), .. Background.ThreadsOf(scenario, kernel)];
        var last = binding.Compile(scenario.Finally);
        var conditions = new ConditionCompiler(new KernelScope(binding.registers, kernel), new Diagnostics(file, ""));
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", () => binding.SetUp(setup)),
            Threads = threads,
            Finally = scenario.Finally == null ? null : Body(ScenarioInstance.LastPartName, last),
            Registers = [.. binding.registers.All],
            Expectations = [.. scenario.Expectations.Select(conditions.Bind)],
        };
    }

    /// <summary>The registers that a scenario's operations set, in the order of the text.</summary>
    public static RegisterSet RegistersOf(ScenarioSyntax scenario)
    {
        var set = new RegisterSet();
        foreach (var register in CallChecker.CallsOf(scenario).Select(c => c.Register).OfType<Word>())
            set.Named(register.Text);
        return set;
    }

    private IEnumerable<ThreadBody> BodiesOf(ThreadSyntax thread)
    {
        var calls = Compile(thread);
        return thread.Copies is not { } copies ? [Body(thread.Name.Text, calls)]
            : Enumerable.Range(0, (int)copies).Select(i => Body(string.Create(CultureInfo.InvariantCulture, $"{thread.Name}[{i}]"), calls));
    }

    private static ThreadBody Body(string name, Call[] calls) => new(name, async () =>
    {
        foreach (var call in calls)
            await call.Run();
    });

    // What a set-up does without looking at the result has to succeed: the race that follows is about what it made.
    private async KTask SetUp(Call[] calls)
    {
        await kernel.Mount();
        foreach (var call in calls)
        {
            var error = await call.Run();
            if (error != Errno.OK && call.Syntax.Register == null)
                throw new ScenarioException(Failure(call.Syntax, error));
        }

        Background.Begin(scenario, kernel);
    }

    private string Failure(CallSyntax call, Errno error) => string.Create(CultureInfo.InvariantCulture,
        $"{file}:{call.Place.Line}:{call.Place.Column}: in the set-up '{call.Text}' gives {error}; if that is meant, keep it in a "
        + $"register: {call.Text} -> result");

    private Call[] Compile(ThreadSyntax? body) => body == null ? [] : [.. Compile(body.Statements)];

    private IEnumerable<Call> Compile(IEnumerable<StatementSyntax> statements) => statements.SelectMany(statement =>
        statement is RepeatSyntax repeat ? Enumerable.Repeat(Compile(repeat.Body).ToList(), (int)repeat.Times).SelectMany(c => c)
        : [Compile((CallSyntax)statement)]);

    private Call Compile(CallSyntax call)
    {
        var run = Compile(call, call.Register == null ? Register.Nowhere : registers.Named(call.Register.Text));
        var user = Array.FindIndex([.. Users.Of(scenario)], u => u.Name == call.Actor.Text);
        return new Call(call, !hasProcessKeys ? run : () =>
        {
            kernel.ProcessKeyrings.Act(user);
            return run();
        });
    }

    private Func<KTask<Errno>> Compile(CallSyntax call, Register result)
    {
        var form = OperationForm.Named(call.Operation.Text)!;
        ImmutableArray<string> words = [.. form.ArgumentsOf(call).Select(w => w.Text)];
        string Word(int i, string otherwise) => i < words.Length ? words[i] : otherwise;
        var actor = actors[call.Actor.Text];
        var disk = kernel.Disk;
        switch (form.Name)
        {
            case "add_key":
                return Key(actor, form, call, words[0], result, (argument, on) => actor.AddKey(argument, on, result));
            case "rm_key" or "rm_key_all":
                var allUsers = form.Name == "rm_key_all";
                return Key(actor, form, call, words[0], result, (argument, on) => actor.RemoveKey(argument, allUsers, on, result));
            case "status":
                return Key(actor, form, call, words[0], result, (argument, on) => actor.Status(argument, on, result));
            case "session_key":
                var session = PrepareSessionKey(words[1]);
                return () => actor.SessionKey(words[0], session.Specifier, session.Raw, session.Size, result);
            case "provision_key":
                var bytes = Keys.BytesOf(words[1]);
                var material = kernel.Keyring.Identities.Raw(bytes);
                var (ofType, withType) = (form.OptionOf(call, "type") != null ? ProcessKeyType.Other : ProcessKeyType.Provisioning,
                    form.OptionOf(call, "spec") != null ? KeyIdentities.Descriptor : KeyIdentities.Identifier);
                var specifier = Keys.SpecifierOf(words[1], withType == KeyIdentities.Descriptor, kernel.Keyring.Identities);
                var id = IdOf(words[0]);
                return () => actor.Provision(ofType, id, withType, material, bytes.Length, specifier, result);
            case "unprovision_key":
                var ended = IdOf(words[1]);
                var revokes = words[0] == "revoke";
                return () => actor.Unprovision(ended, revokes, result);
            case "key_quota":
                var limit = int.Parse(words[1], CultureInfo.InvariantCulture);
                var ofKeys = words[0] == "keys";
                return () => actor.SetKeyQuota(ofKeys, limit, result);
            case "set_policy":
                var policy = PolicyOf(form, call, words[1]);
                return Path(actor, words[0], result, path => actor.SetPolicy(path, policy, result));
            case "get_policy":
                var size = OffsetOf(form, call, "psize", 24);
                return Path(actor, words[0], result, path => actor.GetPolicy(path, size, result));
            case "get_policy_old":
                return Path(actor, words[0], result, path => actor.GetPolicyOld(path, result));
            case "get_nonce":
                return Path(actor, words[0], result, path => actor.GetNonce(path, result));
            case "mkdir":
                return Path(actor, words[0], result, path => actor.Mkdir(path, result));
            case "symlink":
                var target = disk.Text(words[0]);
                return Path(actor, words[1], result, path => actor.Symlink(target, path, result));
            case "readlink":
                var raw = form.OptionOf(call, "raw") != null;
                return Path(actor, words[0], result, path => actor.ReadLink(path, raw, result));
            case "mknod":
                return Path(actor, words[0], result, path => actor.Mknod(path, result));
            case "tmpfile":
                return File(words[0], file => Path(actor, words[1], result, path => actor.Open(file, path, OpenFlags.ReadWrite | OpenFlags.Temporary, result)));
            case "linkfd":
                return File(words[0], file => Path(actor, words[1], result, path => actor.Link(file, path, result)));
            case "chdir" when words[0] == "/":
                return () => actor.ChangeDirectory(null, result);
            case "chdir":
                return Path(actor, words[0], result, path => actor.ChangeDirectory(path, result));
            case "flock":
                return File(words[0], file => () => actor.Lock(file, result));
            case "fadvise":
                return File(words[0], file => () => actor.DropPages(file, result));
            case "readahead":
                return File(words[0], file => () => actor.ReadAhead(file, result));
            case "unlink":
                return Path(actor, words[0], result, path => actor.Unlink(path, result));
            case "rmdir":
                return Path(actor, words[0], result, path => actor.Rmdir(path, result));
            case "link":
                return TwoPaths(actor, words, result, (old, path) => actor.Link(old, path, result));
            case "rename":
                var kind = form.OptionOf(call, "flags") switch
                {
                    null => RenameKind.Replace,
                    "noreplace" => RenameKind.NoReplace,
                    _ => RenameKind.Exchange,
                };
                return TwoPaths(actor, words, result, (from, to) => actor.Rename(from, to, kind, result));
            case "create":
                var text = disk.Text(Word(1, ""));
                return Path(actor, words[0], result, path => actor.Create(path, text, result));
            case "open":
                var flags = FlagsOf(Word(2, "r"));
                return File(words[0], file => Path(actor, words[1], result, path => actor.Open(file, path, flags, result)));
            case "close":
                return File(words[0], file => () => actor.Close(file, result));
            case "read":
                var (from, length) = (OffsetOf(form, call, "off", 0), OffsetOf(form, call, "n", Actor.ReadMax));
                return File(words[0], file => () => actor.Read(file, from, length, result));
            case "write":
                var (written, offset) = (disk.Text(words[1]), OffsetOf(form, call, "off", 0));
                return File(words[0], file => () => actor.Write(file, written, offset, result));
            case "cat":
                return Path(actor, words[0], result, path => actor.Cat(path, result));
            case "append":
                var appended = disk.Text(words[1]);
                return Path(actor, words[0], result, path => actor.Append(path, appended, result));
            case "ls":
                return Path(actor, words[0], result, path => actor.List(path, result));
            case "lsfd":
                return File(words[0], file => () => actor.List(file, result));
            case "lstat":
                return Path(actor, words[0], result, path => actor.Stat(path, result));
            case "fstat":
                return File(words[0], file => () => actor.Stat(file, result));
            case "fdpath":
                return File(words[0], file => () => actor.PathOf(file, result));
            case "statfs":
                return Path(actor, words[0], result, path => actor.StatFs(path, result));
            case "chmod":
                var mode = Convert.ToInt32(words[1], 8);
                return Path(actor, words[0], result, path => actor.ChangeMode(path, mode, result));
            case "chown":
                var owner = UserOf(uint.Parse(words[1], CultureInfo.InvariantCulture));
                return Path(actor, words[0], result, path => actor.ChangeOwner(path, owner, result));
            case "setxattr" or "getxattr":
                var (sets, isLarge) = (form.Name == "setxattr", form.OptionOf(call, "large") != null);
                return Path(actor, words[0], result, path => actor.Attribute(path, sets, isLarge, result));
            case "truncate":
                var cut = int.Parse(words[1], CultureInfo.InvariantCulture);
                return Path(actor, words[0], result, path => actor.Truncate(path, cut, result));
            case "ftruncate":
                var resized = int.Parse(words[1], CultureInfo.InvariantCulture);
                return File(words[0], file => () => actor.Truncate(file, resized, result));
            case "mmap":
                var (isWritable, isPrivate) = (form.OptionOf(call, "rw") != null, form.OptionOf(call, "private") != null);
                return File(words[0], mapping => File(words[1], file => () => actor.Map(mapping, file, isWritable, isPrivate, result)));
            case "mread":
                return File(words[0], mapping => () => actor.Load(mapping, result));
            case "mwrite":
                var stored = disk.Text(words[1]);
                return File(words[0], mapping => () => actor.Store(mapping, stored, result));
            case "munmap":
                return File(words[0], mapping => () => actor.Unmap(mapping, result));
            case "sync":
                return () => actor.Sync(result);
            case "fsync" or "syncfs":
                var whole = form.Name == "syncfs";
                return File(words[0], file => () => actor.Sync(file, whole, result));
            case "mount" or "umount" or "remount":
                var (how, options) = (form.Name, OperationForm.MountOptions[Word(0, "")]);
                return () => actor.Mount(unmounts: how != "mount", mounts: how != "umount", options, result);
            case "drop_caches":
                var dropped = int.Parse(words[0], CultureInfo.InvariantCulture);
                return () => actor.DropCaches(dropped, result);
            case "drop_cache_ioctl":
                return () => actor.DropCacheIoctl(result);
            default:
                throw new InvalidOperationException($"{form.Name} is said to be modelled, and is not");
        }
    }

    private Func<KTask<Errno>> Key(
        Actor actor, OperationForm form, CallSyntax call, string word, Register result, Func<KeyArgument, PathName?, KTask<Errno>> run)
    {
        var isDescriptor = form.OptionOf(call, "spec") != null;
        var argument = Keys.ArgumentOf(form.Name, KeyOf(word), isDescriptor, kernel.Keyring.Identities);
        if (form.Name == "add_key" && provisioned.Contains(word))
        {
            argument = KeyArgument.AddById(
                isDescriptor ? KeyIdentities.Descriptor : KeyIdentities.Identifier, isDescriptor ? Keys.DescriptorOf(KeyOf(word)) : default, IdOf(word));
        }

        if (form.OptionOf(call, "poke")?.Split(':') is [var offset, var value])
            argument.Poke(int.Parse(offset, CultureInfo.InvariantCulture), byte.Parse(value, CultureInfo.InvariantCulture));
        return form.OptionOf(call, "on") is { } on and not ("." or "/") ? Path(actor, on, result, path => run(argument, path))
            : () => run(argument, null);
    }

    private EncryptionPolicy PolicyOf(OperationForm form, CallSyntax call, string word)
    {
        var version = OffsetOf(form, call, "v", 2);
        var key = Keys.SpecifierOf(KeyOf(word), version == 1, kernel.Keyring.Identities);
        var policy = new EncryptionPolicy(
            version, key, OffsetOf(form, call, "contents", EncryptionPolicy.Aes256Xts), OffsetOf(form, call, "names", EncryptionPolicy.Aes256Cts),
            OffsetOf(form, call, "flags", EncryptionPolicy.Pad32));
        kernel.Policies.NumberOf(policy);                          // so that nothing is made while threads run
        return policy;
    }

    // What is provisioned under several names, or several times, is called by what the first one of that name has.
    private string KeyOf(string word)
        => Keys.IsKey(word) ? word : Provisions.First(p => p.Name == word).Key;

    private IEnumerable<(string Name, string Key)> Provisions
        => from call in CallChecker.CallsOf(scenario)
           where call.Operation.Text == "provision_key"
           let words = OperationForm.Named("provision_key")!.ArgumentsOf(call).ToList()
           select (words[0].Text, words[1].Text);

    private int IdOf(string name) => provisioned.IndexOf(name) + 1;

    private (int Specifier, int Raw, int Size) PrepareSessionKey(string word)
    {
        var bytes = Keys.BytesOf(KeyOf(word));
        return (Keys.SpecifierOf(KeyOf(word), isDescriptor: true, kernel.Keyring.Identities), kernel.Keyring.Identities.Raw(bytes), bytes.Length);
    }

    private Func<KTask<Errno>> Path(Actor actor, string word, Register result, Func<PathName, KTask<Errno>> run)
    {
        var argument = ArgumentOf(actor, word);
        return () => argument.IsThere(out var path) ? run(path) : Actor.Fails(Errno.EBADF, result);
    }

    private Func<KTask<Errno>> TwoPaths(
        Actor actor, ImmutableArray<string> words, Register result, Func<PathName, PathName, KTask<Errno>> run)
    {
        var (first, second) = (ArgumentOf(actor, words[0]), ArgumentOf(actor, words[1]));
        return () => first.IsThere(out var one) && second.IsThere(out var other) ? run(one, other) : Actor.Fails(Errno.EBADF, result);
    }

    private PathArgument ArgumentOf(Actor actor, string word)
    {
        var parts = Paths.PartsOf(word);
        int[] names = [.. parts.Components.Select(NumberOf)];
        return new PathArgument(
            new PathName(names, Below: parts.IsBelowActor ? actor.Directory : null, EndsInSlash: parts.EndsInSlash, User: actor.User),
            parts.Descriptor == null ? null : DescriptorOf(parts.Descriptor));
    }

    private int NumberOf(string component) => component switch
    {
        "." => PathName.Dot,
        ".." => PathName.DotDot,
        _ => kernel.Disk.FileName(component),
    };

    private Func<KTask<Errno>> File(string word, Func<Descriptor, Func<KTask<Errno>>> run) => run(DescriptorOf(word));

    private Descriptor DescriptorOf(string word)
    {
        if (!descriptors.TryGetValue(word, out var descriptor))
            descriptors.Add(word, descriptor = new Descriptor(new FileSlot(kernel.Host, word) { IsShared = shared.Contains(word) }));
        return descriptor;
    }

    private int UserOf(uint uid)
    {
        var known = Array.FindIndex([.. Users.Of(scenario)], u => u.Id == uid);
        return known >= 0 ? known : strangers.TryGetValue(uid, out var place) ? place : strangers[uid] = kernel.Users.Add(Capabilities.None, uid);
    }

    private static OpenFlags FlagsOf(string words)
    {
        var flags = words.Split(',');
        var all = flags.Contains("rw") ? OpenFlags.ReadWrite : flags.Contains("w") ? OpenFlags.Write : OpenFlags.Read;
        foreach (var (word, flag) in NamedFlags)
            all |= flags.Contains(word) ? flag : 0;
        return all;
    }

    private static int OffsetOf(OperationForm form, CallSyntax call, string option, int otherwise)
        => form.OptionOf(call, option) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    // An operation, ready to run.
    private sealed record Call(CallSyntax Syntax, Func<KTask<Errno>> Run);
}
