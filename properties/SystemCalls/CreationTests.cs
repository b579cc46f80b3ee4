using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Files, directories and policies made by system calls: what Linux 6.18 answered, and what it had cached then.</summary>
public static class CreationTests
{
    // d is encrypted with K1 and has f, sub and sub/g.
    private static readonly string[] Tree =
    [
        "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root create d/f hello = OK",
        "root mkdir d/sub = OK", "root create d/sub/g world = OK",
    ];

    [Fact]
    public static void Errors_of_names()
        => new RecordedCalls(
            "root mkdir d = OK", "root mkdir d = EEXIST", "root create d x = EEXIST", "root create d/f x = OK", "root create d/f y = EEXIST",
            "root mkdir d/f = EEXIST", "root mkdir d/f/x = ENOTDIR", "root create no/f x = ENOENT", "root mkdir no/x/y = ENOENT",
            "root mkdir . = EEXIST", "root create . = EEXIST", "root open F d rw = EISDIR", "root open F d r,creat = EISDIR", "root cat d/f = x").Ends();

    [Fact]
    public static void A_policy_needs_an_empty_directory_without_another_one()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root create d/f x = OK", "root set_policy d K1 = ENOTEMPTY",
            "root set_policy d/f K1 = ENOTDIR", "root set_policy no K1 = ENOENT", "root mkdir e = OK", "root set_policy e K1 = OK",
            "root set_policy e K1 = OK", "root add_key K2 = OK", "root set_policy e K2 = EEXIST", "root mkdir e/sub = OK",
            "root set_policy e/sub K2 = EEXIST", "root set_policy e/sub K1 = OK").Ends();

    [Fact]
    public static void A_policy_needs_the_users_own_claim()
        => new RecordedCalls(
            "alice mkdir a = OK", "root add_key K1 = OK", "alice set_policy a K1 = ENOKEY", "alice add_key K1 = OK",
            "alice set_policy a K1 = OK", "root mkdir d = OK", "alice set_policy d K1 = EACCES", "root set_policy d K2 = OK",
            "root create d/f x = ENOKEY", "root add_key K2 = OK", "root create d/f x = OK", "root cat d/f = x").Ends();

    [Fact]
    public static void A_policy_is_set_by_root_after_an_incomplete_removal()
        => new RecordedCalls(
            [
                .. Tree, "root open F d/f r = OK", "root rm_key K1 = FilesBusy", "root mkdir e = OK", "root set_policy e K1 = OK",
                "alice mkdir a = OK", "alice set_policy a K1 = ENOKEY", "root set_policy d K1 = OK",
            ]).Ends();

    [Fact]
    public static void The_same_policy_is_accepted_for_a_locked_directory()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root rm_key K1 = OK", "root status K1 = Absent",
            "root set_policy d K1 = OK", "root create d/f x = ENOKEY").Ends();

    [Fact]
    public static void Nothing_is_made_in_a_locked_directory()
        => new RecordedCalls(
            [
                .. Tree, "root rm_key K1 = OK", "root status K1 = Absent", "root create d/new x = ENOKEY", "root mkdir d/newdir = ENOKEY",
                "root open F d/unknown rw,creat = ENOKEY", "root create top x = OK", "root mkdir d = EEXIST",
                "root add_key K1 = OK", "root mkdir d/f = EEXIST", "root mkdir d/newdir = OK", "root create d/new x = OK", "root cat d/new = x",
            ]).Ends();

    [Fact]
    public static void Nothing_is_made_in_a_directory_that_is_still_unlocked()
    {
        var calls = new RecordedCalls(
            [
                .. Tree, "root sync = OK", "root open D d r = OK", "root rm_key K1 = FilesBusy", "root create d/new x = ENOKEY",
                "root mkdir d/newd = ENOKEY",
            ]);

        // The half-made inodes had no number, and were evicted at once.
        Assert.Equal("sub g f - -", calls.Evicted());
        calls.Then("root close D = OK", "root rm_key K1 = OK", "root add_key K1 = OK", "root cat d/f = hello", "root cat d/new = ENOENT").Ends();
    }

    [Fact]
    public static void A_negative_dentry_made_with_or_without_the_key_is_no_obstacle()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root cat d/ghost = ENOENT", "root rm_key K1 = OK",
            "root cat d/ghost = ENOENT", "root add_key K1 = OK", "root cat d/ghost = ENOENT", "root create d/ghost boo = OK",
            "root cat d/ghost = boo").Ends();

    [Fact]
    public static void Owners_write_and_others_read()
        => new RecordedCalls(
            "alice add_key K1 = OK", "alice mkdir a = OK", "alice set_policy a K1 = OK", "alice create a/f hi = OK", "bob open F a/f r = OK",
            "bob open G a/f rw = EACCES", "bob append a/f x = EACCES", "bob create a/g x = EACCES", "bob mkdir a/g = EACCES",
            "bob create a/f x = EEXIST", "bob set_policy a K1 = EACCES", "root append a/f x = OK", "bob cat a/f = hix",
            "alice rm_key K1 = FilesBusy", "bob read F 0 9 = hix", "bob close F = OK", "alice rm_key K1 = OK").Ends();

    [Fact]
    public static void A_new_file_is_unlocked_from_the_start_and_what_is_written_to_it_survives()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root open F d/f rw,creat = OK",
            "root rm_key K1 = FilesBusy", "root status K1 = IncompletelyRemoved", "root write F contents = OK", "root close F = OK",
            "root cat d/f = contents", "root rm_key K1 = OK", "root status K1 = Absent", "root add_key K1 = OK", "root cat d/f = contents",
            "root open F d/f rw,creat = OK", "root open G d/f rw,creat,excl = EEXIST").Ends();

    [Fact]
    public static void Another_users_claim_keeps_it_unlocked()
        => new RecordedCalls(
            [
                .. Tree, "alice add_key K1 = OK", "root rm_key K1 = OtherUsers", "root cat d/f = hello", "alice rm_key K1 = OK",
                "root cat d/f = ENOENT", "alice status K1 = Absent",
            ]).Ends();

    [Fact]
    public static void Writes_replace_bytes_and_leave_the_others()
        => new RecordedCalls(
            "root create f abcdef = OK", "root open F f rw = OK", "root write F XY = OK", "root read F 0 9 = XYcdef", "root write F Z 3 = OK",
            "root read F 0 9 = XYcZef", "root read F 2 3 = cZe", "root read F 6 9 = ", "root write F ! 8 = OK", "root read F 0 9 = XYcZef\0\0!",
            "root append f + = OK", "root append f - = OK", "root cat f = XYcZef\0\0!+-", "root open W f w = OK", "root read W 0 1 = EBADF",
            "root open R f r = OK", "root write R x = EBADF").Ends();

    [Fact]
    public static void A_write_into_a_block_that_is_not_cached_reads_it_first()
    {
        var calls = new RecordedCalls([.. Tree, "root rm_key K1 = OK", "root add_key K1 = OK", "root open F d/f w = OK"]);
        Assert.False(calls.Inode("d/f")!.Folio.Peek.Has(FolioFlags.Uptodate));
        calls.Then("root write F J = OK", "root cat d/f = Jello", "root append d/f ! = OK", "root rm_key K1 = FilesBusy", "root cat d/f = Jello!").Ends();
    }

    [Fact]
    public static void What_was_written_is_dirty_and_so_is_a_new_directory_but_no_empty_file_and_no_parent()
    {
        // ext4 writes new inodes and entries through the journal. A directory allocates a block, which makes it dirty.
        var calls = new RecordedCalls("root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK");
        Assert.Equal(InodeState.None, calls.Inode(".")!.State.Peek);
        Assert.Equal(InodeState.Dirty, calls.Inode("d")!.State.Peek);
        calls.Then("root sync = OK", "root create d/f hello = OK", "root create d/empty = OK");
        Assert.Equal(InodeState.None, calls.Inode("d")!.State.Peek);
        Assert.Equal(InodeState.DirtySync | InodeState.DirtyPages, calls.Inode("d/f")!.State.Peek & InodeState.Dirty);
        Assert.Equal(InodeState.None, calls.Inode("d/empty")!.State.Peek);
        calls.Then("root sync = OK");
        Assert.Equal(0, calls.Kernel.Writeback.DirtyInodes.Peek);
        Assert.Equal("hello", calls.Kernel.Disk.TextOf(calls.Inode("d/f")!.OnDisk.Data.Peek));
        calls.Then("root sync = OK").Ends();
    }

    [Fact]
    public static void New_files_are_on_the_list_of_their_key_and_each_has_an_active_reference()
    {
        var calls = new RecordedCalls(Tree);
        var key = Assert.Single(calls.Kernel.Keyring.All.ToArray());
        Assert.Equal(4, key.DecryptedInodes.PeekCount);
        Assert.Equal(5, key.ActiveRefs.Peek);
        foreach (var path in new[] { "d", "d/f", "d/sub", "d/sub/g" })
        {
            Assert.NotNull(calls.Inode(path)!.CryptInfo.Peek);
            Assert.Equal(0, calls.Inode(path)!.OnDisk.Policy);
        }

        calls.Ends();
    }

    [Theory]
    [InlineData("f5 f4 f3 f2 d f1 f0", "create d/f0 a", "create d/f1 a", "create d/f2 a", "create d/f3 a", "create d/f4 a", "create d/f5 a", "sync")]
    [InlineData("b a d top f", "mkdir d/a", "mkdir d/a/b", "create d/a/b/f x", "create d/top x", "sync")]
    [InlineData("d g f", "create d/f x", "create d/g y")]
    [InlineData("g", "create d/f x", "create d/g x", "sync", "open F d/f r")]
    [InlineData("d f", "create d/f x", "create plain1 x", "create plain2 x", "sync")]
    [InlineData("b z y", "mkdir d/a", "mkdir d/b", "create d/a/x 1", "create d/a/y 2", "create d/b/z 3", "sync", "open F d/a/x r")]
    public static void Files_made_by_calls_are_evicted_in_the_order_that_was_recorded(string evicted, params string[] steps)
    {
        var calls = new RecordedCalls(
            [
                "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", .. steps.Select(s => $"root {s} = OK"),
                $"root rm_key K1 = {(steps[^1].StartsWith("open", StringComparison.Ordinal) ? "FilesBusy" : "OK")}",
            ]);
        Assert.Equal(evicted, calls.Evicted());
        calls.Ends();
    }

    [Fact]
    public static void A_second_removal_after_the_close_evicts_the_rest()
    {
        var calls = new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root mkdir d/a = OK", "root mkdir d/b = OK",
            "root create d/a/x 1 = OK", "root create d/a/y 2 = OK", "root create d/b/z 3 = OK", "root sync = OK", "root open F d/a/x r = OK",
            "root rm_key K1 = FilesBusy", "root close F = OK", "root rm_key K1 = OK");
        Assert.Equal("b z y a d x", calls.Evicted());
        calls.Ends();
    }

    [Fact]
    public static void A_key_added_between_look_up_and_creation_makes_no_plaintext_name_of_a_no_key_name()
    {
        // The directory's key is there when the inode is made, and the name was read without it: the half-made inode goes,
        // on the disk as well. No checkpoint: each execution has its own kernel.
        var givenUp = 0;
        var answers = new SortedSet<Errno>();
        for (ulong seed = 1; seed <= 300; seed++)
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk(seed));
            var kernel = new Kernel(host, new KernelConfiguration());
            kernel.Disk.AddDirectory(Disk.RootNumber, "d", policy: 0);
            int[] path = [kernel.Disk.FileName("d"), kernel.Disk.FileName("f")];
            Assert.True(host.RunAlone(new ThreadBody("setup", kernel.Mount)), host.Finding?.ToString());
            var answer = Errno.OK;
            var creator = new ThreadBody("creator", async () => answer = await kernel.Calls.Mkdir(path, 0));
            var adder = new ThreadBody("adder", async () =>
            {
                for (ulong i = 0; i < seed % 5; i++)
                    await kernel.Calls.Sync();                     // takes its time, so that it adds the key at any step of the other
                await kernel.Calls.AddKey(0, 0);
            });
            Assert.True(host.RunTogether([creator, adder]), host.Finding?.ToString());
            kernel.CheckAtEnd();
            Assert.Null(host.Finding);
            answers.Add(answer);
            Assert.Equal(answer == Errno.OK ? 1 : 0, kernel.Disk.Inodes.ToArray().Count(i => i?.Number > 11));
            foreach (var inode in kernel.Inodes.All)
                givenUp += inode.Nlink.Peek == 0 ? 1 : 0;
        }

        Assert.Equal([Errno.OK, Errno.ENOKEY], answers);
        Assert.True(givenUp > 0);
    }

    [Fact]
    public static void Each_execution_begins_with_what_the_set_up_made()
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(7));
        var kernel = new Kernel(host, new KernelConfiguration());
        int[] directory = [kernel.Disk.FileName("d")], path = [.. directory, kernel.Disk.FileName("f")];
        var (hello, over) = (kernel.Disk.Text("hello"), kernel.Disk.Text("J"));
        Assert.True(host.RunAlone(new ThreadBody("setup", async () =>
        {
            await kernel.Mount();
            await kernel.Calls.AddKey(0, 0);
            await kernel.Calls.Mkdir(directory, 0);
            await kernel.Calls.SetPolicy(directory, 0, 0);
            var (_, file) = await kernel.Calls.Create(path, 0);
            await kernel.Calls.Write(file!, hello);
            await kernel.Calls.Close(file!);
        })));
        host.Checkpoint();
        string? seen = null;
        ThreadBody[] threads =
        [
            new("remover", async () => await kernel.Calls.RemoveKey(0, 0)),
            new("writer", async () =>
            {
                var (_, file) = await kernel.Calls.Open(path);
                if (file == null)
                    return;
                var (_, text) = await kernel.Calls.Read(file);
                seen = kernel.Disk.TextOf(text);
                await kernel.Calls.Write(file, over);
                await kernel.Calls.Close(file);
            }),
        ];
        for (var i = 0; i < 200; i++)
        {
            host.Restore();
            seen = null;
            Assert.True(host.RunTogether(threads), host.Finding?.ToString());
            Assert.Contains(seen, new[] { null, "hello" });
            kernel.CheckAtEnd();
            Assert.Null(host.Finding);
            host.Strategy.Next();
        }
    }
}
