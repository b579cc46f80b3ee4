using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Combinations of the ioctls on keys and policies that are close to each other, and what Linux 6.18 answers to each.</summary>
public static class NeighbouringCallsTests
{
    private static readonly string[] Tree =
    [
        "root add_key K1 => OK", "root mkdir d => OK", "root set_policy d K1 => OK", "root create d/f hello => OK", "root mkdir d/sub => OK",
    ];

    [Fact]
    public static void Sizes_of_keys() => Answers.Are(
        "root add_key K1.15 => EINVAL", "root add_key K1.16 => OK", "root add_key K1.64 => OK", "root add_key K1 => OK", "root add_key K1.65 => EINVAL",
        "root add_key K1.0 => EINVAL", "alice add_key K1.15 spec=desc => EACCES", "root add_key K1.15 spec=desc => EINVAL", "root add_key K1.65 spec=desc => EINVAL",
        "root status K1.64 => PRESENT[users=1,self]", "root status K1.16 => PRESENT[users=1,self]", "root status K1.17 => ABSENT",
        "alice rm_key K1.16 => ENOKEY", "root rm_key K1.16 => OK", "root rm_key K1 => OK", "root rm_key K1.64 => ENOKEY");

    // The size decides nothing when the key is added, and everything when a file is opened with it.
    [Fact]
    public static void Keys_that_are_too_short_for_their_cipher() => Answers.Are(
        "root add_key K1.31 => OK", "root mkdir d => OK", "root set_policy d K1.31 => OK", "root create d/f x => ENOKEY",
        "root mkdir e => OK", "root set_policy e K1.31 contents=5 names=6 => OK", "root create e/f x => OK", "root cat e/f => x",
        "root add_key K2.63 spec=desc => OK", "root mkdir o => OK", "root set_policy o K2 v=1 => OK", "root mkdir o/s => OK", "root create o/f x => ENOKEY",
        "root add_key K2 spec=desc => OK", "root create o/f x => ENOKEY", "root rm_key K2 spec=desc => OK", "root add_key K2 spec=desc => OK",
        "root create o/f x => OK");

    // Flags, the reserved bytes behind them, the specifier's type and its reserved bytes; byte 40 of REMOVE is where the answer goes.
    [Fact]
    public static void Bytes_of_arguments() => Answers.Are(
        "root add_key K1 poke=0:1 => OK", "root status K1 => ABSENT", "root add_key K1 poke=0:3 => EINVAL", "root add_key K1 poke=7:1 => EINVAL",
        "alice add_key K1 poke=0:1 => EACCES", "alice add_key K1 poke=0:1 spec=desc => EACCES", "alice add_key K1 poke=0:2 spec=desc => OK",
        "root add_key K1 spec=desc poke=48:1 => EINVAL", "root add_key K1 poke=48:3 => EINVAL", "root add_key K1 poke=49:1 => EINVAL",
        "root add_key K1 poke=52:1 => EINVAL", "root add_key K1 poke=8:255 => OK", "root status K1 => PRESENT[users=2,self]",
        "root add_key K1 poke=40:0 => EINVAL", "root add_key K1 poke=40:65 => EINVAL", "root add_key K1 poke=43:1 => EINVAL",
        "root status K1 poke=40:1 => EINVAL", "root status K1 poke=63:1 => EINVAL", "root status K1 poke=64:1 => PRESENT[users=2,self]",
        "root status K1 poke=0:1 => ABSENT", "root status K1 poke=8:0 => ABSENT", "root rm_key K1 poke=0:1 => ENOKEY", "alice rm_key K1 poke=0:1 => EACCES",
        "root rm_key K1 poke=44:1 => EINVAL", "root rm_key_all K1 poke=40:255 => OK", "alice rm_key_all K1 poke=0:9 => EACCES");

    [Fact]
    public static void Claims_come_and_go_by_user() => Answers.Are(
        "alice add_key K1 => OK", "bob add_key K1 => OK", "root add_key K1 => OK", "dave status K1 => PRESENT[users=3]", "bob rm_key K1 => OK[OTHER_USERS]",
        "bob rm_key K1 => ENOKEY", "bob status K1 => PRESENT[users=2]", "dave rm_key K1 => ENOKEY", "dave rm_key_all K1 => EACCES",
        "bob add_key K1 => OK", "carol rm_key_all K1 => OK", "carol rm_key_all K1 => ENOKEY", "alice rm_key K1 => ENOKEY", "alice status K1 => ABSENT");

    [Fact]
    public static void Incomplete_removals_belong_to_everybody() => Answers.Are(
    [
        .. Tree, "alice add_key K1 => OK", "root open F d/f r => OK", "root rm_key K1 => OK[OTHER_USERS]", "bob rm_key K1 => ENOKEY",
        "alice rm_key K1 => OK[FILES_BUSY]", "alice status K1 => INCOMPLETELY_REMOVED", "carol rm_key_all K1 => OK[FILES_BUSY]",
        "dave rm_key_all K1 => EACCES", "bob rm_key K1 => OK[FILES_BUSY]", "alice mkdir a => OK", "alice set_policy a K1 => ENOKEY",
        "dave set_policy a K1 => OK", "bob add_key K1 => OK", "alice rm_key K1 => ENOKEY", "bob status K1 => PRESENT[users=1,self]",
        "alice create a/x y => OK", "bob rm_key K1 => OK[FILES_BUSY]", "alice cat a/x => ENOENT", "root close F => OK", "root read F => EBADF",
        "alice status K1 => INCOMPLETELY_REMOVED", "alice rm_key K1 => OK", "alice rm_key K1 => ENOKEY", "alice status K1 => ABSENT",
    ]);

    // Found by a random sequence. A name that was asked for before the directory had a policy stays cached, as one that is not
    // there, when its key goes: the directory was never unlocked, so nothing is evicted, and the name is no secret of that key.
    [Fact]
    public static void A_name_that_is_older_than_the_policy_stays() => Answers.Are(
        "root mkdir d => OK", "alice cat d/f => ENOENT", "alice add_key K1 => OK", "root set_policy d K1 => OK", "alice rm_key K1 => OK",
        "alice cat d/f => ENOENT", "root add_key K1 => OK", "root create d/f x => OK", "alice cat d/f => x", "root rm_key K1 => OK", "alice cat d/f => ENOENT");

    [Fact]
    public static void Policies_of_all_modes_and_flags() => Answers.Are(
        "root mkdir d => OK", "alice set_policy d K1 flags=255 => EACCES", "root set_policy d K1 contents=0 => EINVAL", "root set_policy d K1 contents=4 => EINVAL",
        "root set_policy d K1 names=1 => EINVAL", "root set_policy d K1 contents=5 => EINVAL", "root set_policy d K1 contents=2 names=3 => EINVAL",
        "root set_policy d K1 flags=8 => EINVAL", "root set_policy d K1 flags=16 => EINVAL", "root set_policy d K1 flags=32 => EINVAL",
        "root set_policy d K1 flags=24 => EINVAL", "root set_policy d K1 v=1 flags=8 => EINVAL", "root set_policy d K1 v=1 names=10 => EINVAL",
        "root set_policy d K1 v=1 contents=7 names=8 => EINVAL", "root set_policy d K1 flags=0 contents=7 names=8 => OK",
        "root get_policy d => OK[size=24,version=2,contents=7,names=8,flags=0,key=K1]", "root set_policy d K1 flags=3 contents=7 names=8 => EEXIST",
        "root set_policy d K1 flags=64 => EEXIST", "root mkdir e => OK", "root set_policy e K1 flags=2 names=10 => OK",
        "root get_policy e => OK[size=24,version=2,contents=1,names=10,flags=2,key=K1]", "root create f x => OK", "root set_policy f K1 flags=99 => ENOTDIR",
        "root mkdir g => OK", "root mkdir g/h => OK", "root set_policy g K1 flags=99 => ENOTEMPTY", "root set_policy . K1 flags=99 => ENOTEMPTY",
        "alice mkdir a => OK", "alice set_policy a K1 contents=0 => EINVAL", "alice set_policy a K1 => ENOKEY", "alice set_policy a K1 v=1 => OK",
        "root set_policy a K2 v=1 => EEXIST", "alice set_policy a K1 v=1 => OK", "root set_policy no K1 => ENOENT");

    [Fact]
    public static void What_policies_look_like_to_the_three_ioctls() => Answers.Are(
    [
        .. Tree, "root mkdir o => OK", "root set_policy o K2 v=1 flags=2 => OK", "root create u x => OK", "root get_policy_old o => OK",
        "root get_policy o psize=11 => EOVERFLOW", "root get_policy o psize=12 => OK[size=12,version=1,contents=1,names=4,flags=2,key=K2]",
        "root get_policy d psize=24 => OK[size=24,version=2,contents=1,names=4,flags=3,key=K1]", "root get_policy d psize=0 => EOVERFLOW",
        "root get_policy u psize=0 => ENODATA", "root get_policy_old u => ENODATA", "root get_nonce u => ENODATA", "root get_nonce d/f => OK",
        "root get_policy_old d/f => EINVAL", "bob get_policy d/sub => OK[size=24,version=2,contents=1,names=4,flags=3,key=K1]",
        "root rm_key K1 => OK", "root get_nonce d => OK", "root get_policy_old d => EINVAL", "root get_policy d/f => ENOENT",
        "root set_policy d K1 => OK", "root set_policy d K1 flags=0 => EEXIST", "root set_policy d/sub K1 => ENOENT",
    ]);

    [Fact]
    public static void Keys_of_both_versions_with_the_same_bytes() => Answers.Are(
        "root add_key K1 spec=desc => OK", "root add_key K2 spec=desc => OK", "alice add_key K1 => OK", "root mkdir o => OK", "root set_policy o K1 v=1 => OK",
        "root mkdir n => OK", "root set_policy n K1 => OK", "root create o/f x => OK", "root create n/f y => OK", "root open F o/f r => OK",
        "root rm_key_all K1 => OK", "root cat n/f => ENOENT", "root cat o/f => x", "root rm_key K1 spec=desc => OK[FILES_BUSY]",
        "alice status K1 spec=desc => INCOMPLETELY_REMOVED", "carol rm_key_all K1 spec=desc => OK[FILES_BUSY]", "alice rm_key K1 spec=desc => EACCES",
        "root create o/g z => ENOKEY", "carol add_key K1 spec=desc => OK", "root create o/g z => OK", "root close F => OK", "carol rm_key K1 spec=desc => OK",
        "root status K2 spec=desc => PRESENT[users=0]", "root status K1 spec=desc => ABSENT");

    // The ioctls want a file that can be opened for reading, and no more. An encrypted one is a busy file itself; a directory is
    // not, as long as nobody has looked anything up in it with the key.
    [Fact]
    public static void Files_that_the_ioctls_are_issued_on() => Answers.Are(
    [
        .. Tree, "alice status K1 on=d => PRESENT[users=1]", "alice add_key K1 on=d/f => OK", "alice rm_key K1 on=d => OK[OTHER_USERS]",
        "root status K1 on=no => ENOENT", "root rm_key K1 on=d/f => OK[FILES_BUSY]", "root status K1 on=d/f => INCOMPLETELY_REMOVED",
        "root rm_key K1 => OK", "root add_key K1 on=d/f => ENOENT", "root add_key K1 on=d => OK", "root rm_key K1 on=d => OK", "root rm_key K1 => ENOKEY",
    ]);
}
