using Fscrypt.Sim.Model.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>unlink, rmdir, link and rename, one after another: what Linux 6.18 answered, and what goes from memory and disk.</summary>
public static class NamesTests
{
    private static readonly string[] Tree =
    [
        "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root create d/f hello = OK",
        "root mkdir d/sub = OK", "root create d/sub/g world = OK",
    ];

    [Fact]
    public static void Errors_of_unlink_and_rmdir()
        => new RecordedCalls(
            "root mkdir d = OK", "root create d/f x = OK", "root unlink d = EISDIR", "root rmdir d/f = ENOTDIR", "root rmdir d = ENOTEMPTY",
            "root unlink no = ENOENT", "root rmdir no = ENOENT", "root unlink no/f = ENOENT", "root unlink d/f/x = ENOTDIR",
            "alice unlink d/f = EACCES", "root rmdir . = EINVAL", "root unlink . = EISDIR", "root unlink d/f = OK", "root cat d/f = ENOENT",
            "root unlink d/f = ENOENT", "root rmdir d = OK", "root cat d/f = ENOENT", "root mkdir d = OK", "root create d/f y = OK",
            "root cat d/f = y").Ends();

    [Fact]
    public static void Errors_of_link_and_rename()
        => new RecordedCalls(
            "root mkdir d = OK", "root mkdir d/sub = OK", "root create f x = OK", "root create g y = OK", "root link d e = EPERM",
            "root link f g = EEXIST", "root link no h = ENOENT", "root link f no/h = ENOENT", "alice link f d/h = EACCES",
            "root rename d d/sub/d = EINVAL", "root rename d/sub d = ENOTEMPTY", "root rename f d = EISDIR", "root rename d f = ENOTDIR",
            "root rename no h = ENOENT", "root rename f g flags=noreplace = EEXIST", "alice rename d/sub e = EACCES", "root rename . e = EBUSY",
            "root rename f h flags=noreplace = OK", "root cat f = ENOENT", "root cat h = x", "root rename h g = OK", "root cat g = x",
            "root rename d/sub e = OK", "root rename e d = OK", "root rmdir d = OK").Ends();

    [Fact]
    public static void Two_names_change_places()
        => new RecordedCalls(
            "root mkdir d = OK", "root mkdir d/sub = OK", "root create f x = OK", "root create d/g y = OK",
            "root rename f no flags=exchange = ENOENT", "root rename no f flags=exchange = ENOENT", "root rename . f flags=exchange = EBUSY",
            "root rename d d/sub flags=exchange = EINVAL", "root rename d/sub d flags=exchange = EINVAL", "alice rename d/g d/sub flags=exchange = EACCES",
            "root rename f d/g flags=exchange = OK", "root cat f = y", "root cat d/g = x", "root rename f d/sub flags=exchange = OK",
            "root cat d/sub = y", "root rmdir f = OK", "root rename d/sub d/g flags=exchange = OK", "root cat d/g = y", "root cat d/sub = x",
            "root rename d d flags=exchange = OK").Ends();

    [Fact]
    public static void Exchanges_across_policies_are_refused_both_ways()
        => new RecordedCalls(
            [
                .. Tree, "root mkdir u = OK", "root create u/h z = OK", "root rename d/f u/h flags=exchange = EXDEV",
                "root rename u/h d/f flags=exchange = EXDEV", "root cat u/h = z",
            ]).Ends();

    [Fact]
    public static void An_unlinked_file_that_is_open_lives_on()
    {
        var calls = new RecordedCalls(
            [
                .. Tree, "root open F d/f rw = OK", "root unlink d/f = OK", "root rm_key K1 = FilesBusy", "root status K1 = IncompletelyRemoved",
                "root read F 0 9 = hello", "root write F later = OK", "root read F 0 9 = later",
            ]);
        Assert.Contains(calls.Kernel.Disk.Inodes.ToArray(), i => i is { Number: > Disk.RootNumber, Links.Value: 0 });
        calls.Then("root close F = OK", "root rm_key K1 = OK", "root status K1 = Absent").Ends();
        Assert.DoesNotContain(calls.Kernel.Disk.Inodes.ToArray(), i => i is { Links.Value: 0 });
    }

    [Fact]
    public static void A_locked_directory_is_not_empty()
        => new RecordedCalls(
            [
                .. Tree, "root rm_key K1 = OK", "root status K1 = Absent", "root rmdir d = ENOTEMPTY", "root add_key K1 = OK",
                "root mkdir d/f = EEXIST", "root mkdir d/sub2 = OK",
            ]).Ends();

    [Fact]
    public static void Plaintext_names_are_not_found_in_a_locked_directory_and_none_are_made_there()
        => new RecordedCalls(
            [
                .. Tree, "root add_key K2 = OK", "root mkdir e = OK", "root set_policy e K2 = OK", "root create e/g y = OK", "root create top x = OK",
                "root rm_key K1 = OK", "root rename d/f d/f2 = ENOENT", "root link d/f d/f3 = ENOENT", "root unlink d/f = ENOENT",
                "root link top d/l = ENOKEY", "root rename e/g d/g = ENOKEY", "root link e/g d/g = ENOKEY", "root rename top d/in = ENOKEY",
            ]).Ends();

    [Fact]
    public static void Files_do_not_go_into_directories_of_another_policy()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root add_key K2 = OK", "root mkdir e = OK",
            "root set_policy e K2 = OK", "root mkdir u = OK", "root create d/f x = OK", "root create e/g y = OK", "root create u/h z = OK",
            "root rename d/f e/f = EXDEV", "root rename d/f u/f = OK", "root rename u/h d/h = EXDEV", "root link d/f e/f = ENOENT",
            "root link u/h d/h = EXDEV", "root link d/f u/f = ENOENT", "root rename d u/d = OK", "root rename u/d e/d = EXDEV",
            "root rename e u/e = OK").Ends();

    [Fact]
    public static void Files_move_between_directories_of_one_policy()
        => new RecordedCalls(
            "root add_key K1 = OK", "root mkdir d = OK", "root set_policy d K1 = OK", "root mkdir e = OK", "root set_policy e K1 = OK",
            "root create d/f x = OK", "root rename d/f e/f = OK", "root link e/f d/f = OK", "root cat e/f = x", "root unlink e/f = OK",
            "root rm_key K1 = OK", "root add_key K1 = OK", "root cat d/f = x", "root unlink d/f = OK", "root cat d/f = ENOENT").Ends();

    [Fact]
    public static void A_hard_link_finds_the_file_that_is_still_unlocked()
        => new RecordedCalls(
            [
                .. Tree[..4], "root link d/f d/h = OK", "root open F d/f r = OK", "root rm_key K1 = FilesBusy", "root cat d/h = hello",
                "root cat d/f = hello", "root close F = OK", "root rm_key K1 = OK", "root add_key K1 = OK", "root cat d/h = hello",
            ]).Ends();

    [Fact]
    public static void Names_move_in_a_directory_that_is_still_unlocked()
        => new RecordedCalls(
            [
                .. Tree, "root open D d r = OK", "root rm_key K1 = FilesBusy", "root rename d/f d/renamed = OK", "root link d/renamed d/l = OK",
                "root close D = OK", "root rm_key K1 = OK", "root add_key K1 = OK", "root cat d/renamed = hello",
            ]).Ends();

    [Fact]
    public static void A_file_that_was_renamed_over_goes_at_its_last_close()
    {
        var calls = new RecordedCalls(
            [
                .. Tree, "root create d/f2 second = OK", "root open F d/f rw = OK", "root rename d/f2 d/f = OK", "root rm_key K1 = FilesBusy",
                "root read F 0 9 = hello", "root close F = OK", "root cat d/f = ENOKEY", "root rm_key K1 = OK", "root status K1 = Absent",
            ]);
        Assert.DoesNotContain(calls.Kernel.Disk.Inodes.ToArray(), i => i is { Links.Value: 0 });
        calls.Ends();
    }

    [Fact]
    public static void The_dentry_of_an_unused_name_becomes_negative_and_stays_cached()
    {
        var calls = new RecordedCalls("root create f x = OK", "root unlink f = OK");
        var dentry = Assert.Single(calls.Kernel.Dentries.All.ToArray(), d => d.Parent.Peek != null);
        Assert.True(dentry.HashLink.Peek);
        Assert.Null(dentry.Inode.Peek);
        Assert.False(dentry.Flags.Peek.HasFlag(DentryFlags.Positive));
        calls.Then("root create f y = OK", "root open F f r = OK", "root unlink f = OK");
        Assert.False(dentry.HashLink.Peek);                        // in use: it can only not be found any more
        Assert.NotNull(dentry.Inode.Peek);
        calls.Ends();
    }
}
