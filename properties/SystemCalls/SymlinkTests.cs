using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Symlinks, with their key and without it, followed and not.</summary>
public static class SymlinkTests
{
    private const string Long = "a234567890123456789012345678901234567890";

    // d is encrypted with K1 and has f, and s that leads to it.
    private static readonly string[] Tree =
        ["root add_key K1 => OK", "root mkdir d => OK", "root set_policy d K1 => OK", "root create d/f hello => OK", "root symlink f d/s => OK"];

    [Fact]
    public static void A_symlink_is_made_read_followed_and_removed()
        => Answers.Are(
            "root create f x => OK", "root symlink f s => OK", "root symlink g s => EEXIST", "root readlink s => f", "root cat s => x",
            "root lstat s => symlink[inode=s,nlink=1,size=1]", "root readlink f => EINVAL", "root readlink . => EINVAL", "root readlink no => ENOENT",
            "root symlink \"\" t => ENOENT", "root symlink f no/t => ENOENT", "root append s y => OK", "root cat f => xy", "root chmod s 600 => OK",
            "alice cat s => EACCES", "alice cat f => EACCES", "alice readlink s => f", "root truncate s 1 => OK", "root cat f => x",
            "root unlink s => OK", "root cat f => x", "root readlink s => ENOENT");

    [Fact]
    public static void Who_does_not_follow_meets_the_symlink_itself()
        => Answers.Are(
            "root create f x => OK", "root symlink f s => OK", "root open F s r,nofollow => ELOOP", "root open F s rw,creat,nofollow => ELOOP",
            "root open P s path,nofollow => OK", "root fstat P => symlink[inode=s,nlink=1,size=1]", "root read P => EBADF",
            "root open Q s path => OK", "root fstat Q => file[inode=f,nlink=1,size=1]", "root open F s rw,creat,excl => EEXIST",
            "root create s y => EEXIST", "root mkdir s => EEXIST", "root open F f r,nofollow => OK", "root link s t => OK", "root readlink t => f",
            "root lstat t => symlink[inode=s,nlink=2,size=1]", "root rename t u => OK", "root readlink u => f", "root cat u => x",
            "root rename u f flags=exchange => OK", "root readlink f => f", "root cat f => ELOOP", "root cat u => x", "root close P => OK",
            "root close Q => OK", "root close F => OK");

    [Fact]
    public static void What_leads_in_circles_or_too_far_is_refused()
    {
        Answers.Are(
            "root symlink b a => OK", "root symlink a b => OK", "root cat a => ELOOP", "root cat a/x => ELOOP", "root open F a rw,creat => ELOOP",
            "root lstat a => symlink[inode=a,nlink=1,size=1]", "root chmod a 600 => ELOOP", "root readlink a => b", "root unlink a => OK",
            "root cat b => ENOENT");
        string[] chain = [.. Enumerable.Range(1, 41).Select(i => $"root symlink l{i - 1} l{i} => OK")];
        Answers.Are(["root create l0 x => OK", .. chain, "root cat l40 => x", "root cat l41 => ELOOP"]);
    }

    [Fact]
    public static void Symlinks_stand_for_directories_in_the_middle_of_paths()
        => Answers.Are(
            "root mkdir d => OK", "root mkdir d/e => OK", "root create d/e/f x => OK", "root create top y => OK", "root symlink d sd => OK",
            "root symlink sd/e se => OK", "root symlink ../../top d/e/up => OK", "root symlink /d/e abs => OK", "root symlink / all => OK",
            "root symlink . d/here => OK", "root cat sd/e/f => x", "root cat se/f => x", "root cat se/up => y", "root cat abs/f => x",
            "root cat all/top => y", "root cat d/here/here/e/f => x", "root cat sd/../top => y", "root cat se/../e/f => x",
            "root create se/new z => OK", "root cat d/e/new => z", "root rename se/new abs/newer => OK", "root unlink sd/e/newer => OK",
            "root symlink top/x bad => OK", "root cat bad => ENOTDIR", "root cat top/../top => ENOTDIR", "root create all x => EEXIST",
            "root open F all rw,creat => EISDIR", "root ls d/here => e here", "root set_policy se K1 => ENOTEMPTY");

    [Fact]
    public static void What_a_symlink_leads_to_can_be_made_through_it()
        => Answers.Are(
            "root symlink f s => OK", "root symlink s t => OK", "root cat t => ENOENT", "root create t x => EEXIST", "root open F t rw,creat => OK",
            "root write F made => OK", "root close F => OK", "root cat f => made", "root lstat f => file[inode=f,nlink=1,size=4]",
            "root symlink no/f u => OK", "root open F u rw,creat => ENOENT", "root symlink g/ v => OK", "root open F v rw,creat => EISDIR");

    [Fact]
    public static void A_slash_at_the_end_means_a_directory()
        => Answers.Are(
            "root mkdir d => OK", "root create f x => OK", "root symlink d sd => OK", "root symlink f sf => OK", "root ls sd/ => ",
            "root lstat sd => symlink[inode=sd,nlink=1,size=1]", "root lstat sd/ => dir[inode=d,nlink=2]", "root cat f/ => ENOTDIR",
            "root lstat f/ => ENOTDIR", "root lstat sf/ => ENOTDIR", "root unlink sd/ => ENOTDIR", "root unlink f/ => ENOTDIR", "root unlink d/ => EISDIR",
            "root rmdir sd => ENOTDIR", "root rmdir sd/ => ENOTDIR", "root mkdir e/ => OK", "root symlink t y/ => ENOENT", "root symlink t f/ => EEXIST",
            "root create y/ x => EISDIR", "root link f h/ => ENOENT", "root rename f g/ => ENOTDIR", "root rename f/ g => ENOTDIR",
            "root rename e y/ => OK", "root rmdir y/ => OK", "root readlink sd/ => EINVAL");

    [Fact]
    public static void Without_its_key_a_symlink_leads_nowhere()
        => Answers.Are(
            [
                .. Tree, "root cat d/s => hello", "root rm_key K1 => OK", "root status K1 => ABSENT", "root ls d => nokey(f) nokey(s)",
                "root cat d/s => ENOENT", "root cat d/@s => ENOENT", "root readlink d/@s f => ciphertext", "root truncate d/@s 0 => ENOENT",
                "root lstat d/@s => symlink[inode=s,nlink=1,size=54,encrypted]", "root open F d/@s r,nofollow => ELOOP",
                "root open F d/@s rw,creat => ENOKEY", "root symlink t d/@s => EEXIST", "root symlink t d/t => ENOKEY", "root open P d/@s path,nofollow => OK",
                "root fstat P => symlink[inode=s,nlink=1,size=54,encrypted]", "root rename d/@s t => ENOKEY", "root link d/@s d/t => ENOKEY",
                "root link d/@s t => OK", "root readlink t => ciphertext", "root add_key K1 => OK", "root readlink t => f", "root readlink d/s => f",
                "root readlink d/@s => ENOENT", "root lstat d/s => symlink[inode=s,nlink=2,size=1,encrypted]", "root cat d/s => hello",
                "root cat t => ENOENT", "root close P => OK", "root unlink t => OK", "root rm_key K1 => OK", "root status K1 => ABSENT",
            ]);

    [Fact]
    public static void The_target_of_a_symlink_that_is_busy_can_be_read_on()
        => Answers.Are(
            [
                .. Tree, "root open P d/s path,nofollow => OK", "root rm_key K1 => OK[FILES_BUSY]", "root readlink d/s => f", "root cat d/s => ENOKEY",
                "root lstat d/s => symlink[inode=s,nlink=1,size=1,encrypted]", "root close P => OK", "root readlink d/s => f",
                "root rm_key K1 => OK", "root readlink d/s => ENOENT",
            ]);

    [Fact]
    public static void A_symlink_that_was_locked_and_used_since_is_unlocked_in_place()
        => Answers.Are(
            [
                .. Tree, "root rm_key K1 => OK", "root open P d/@s path,nofollow => OK", "root add_key K1 => OK", "root fstat P => symlink[inode=s,nlink=1,size=1,encrypted]",
                "root readlink d/s => f", "root rm_key K1 => OK[FILES_BUSY]", "root close P => OK", "root rm_key K1 => OK", "root status K1 => ABSENT",
            ]);

    [Theory]
    [InlineData("t", 54)]                                          // 32 bytes of ciphertext and 8 before it, in base64url
    [InlineData(Long, 96)]                                         // 64
    [InlineData(Long + Long + Long + "x", 182)]                    // 128
    [InlineData(Long + Long + Long + Long, 252)]                   // 160: 149 of it, and the hash of the rest
    public static void The_ciphertext_has_the_length_that_padding_gives_it(string target, int size)
        => Answers.Are(
            "root add_key K1 => OK", "root mkdir d => OK", "root set_policy d K1 => OK", $"root symlink {target} d/s => OK",
            $"root lstat d/s => symlink[inode=s,nlink=1,size={target.Length},encrypted]", "root sync => OK", "root rm_key K1 => OK",
            $"root lstat d/@s => symlink[inode=s,nlink=1,size={size},encrypted]", "root add_key K1 => OK", $"root readlink d/s => {target}");

    [Fact]
    public static void Before_v5_15_the_size_was_that_of_the_ciphertext()
        => Answers.AreIn(
            "v5.10",
            [
                .. Tree, "root lstat d/s => symlink[inode=s,nlink=1,size=34,encrypted]", "root readlink d/s => f", "root rm_key K1 => OK",
                "root lstat d/@s => symlink[inode=s,nlink=1,size=34,encrypted]", "root readlink d/@s => ciphertext",
            ]);

    [Fact]
    public static void Long_symlinks_and_long_names()
        => Answers.Are(
            $"root symlink {Long}{Long} s => OK", $"root readlink s => {Long}{Long}", "root cat s => ENOENT", "root drop_caches 3 => OK",
            $"root readlink s => {Long}{Long}", $"root symlink {new string('n', 256)} t => OK", "root cat t => ENAMETOOLONG",
            $"root symlink {new string('n', 255)} u => OK", "root cat u => ENOENT");
}
