using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Paths that begin at a descriptor or where a process is, and files that have no name yet.</summary>
public static class PathTests
{
    private static readonly string[] Tree =
        ["root add_key K1 => OK", "root mkdir d => OK", "root set_policy d K1 => OK", "root create d/f hello => OK", "root mkdir d/sub => OK"];

    [Fact]
    public static void Dots_lead_up_and_nowhere()
        => Answers.Are(
            "root mkdir d => OK", "root mkdir d/e => OK", "root create f x => OK", "root cat d/../f => x", "root cat d/./e/../../f => x",
            "root cat ../../f => x", "root cat f/. => ENOTDIR", "root cat f/.. => ENOTDIR", "root mkdir d/. => EEXIST", "root mkdir d/.. => EEXIST",
            "root rmdir d/. => EINVAL", "root rmdir d/.. => ENOTEMPTY", "root unlink d/.. => EISDIR", "root rename d/. g => EBUSY",
            "root rename f d/.. => EBUSY", "root rename f d/.. flags=noreplace => EEXIST", "root open F d/.. rw,creat => EISDIR",
            "root create d/.. x => EEXIST", "root link f d/. => EEXIST", "root symlink f d/.. => EEXIST", "root ls d/.. => d f");

    [Fact]
    public static void Paths_begin_at_descriptors()
        => Answers.Are(
            "root mkdir d => OK", "root create d/f x => OK", "root create top y => OK", "root open D d dir => OK", "root open P d path => OK",
            "root open F d/f path => OK", "root cat fd:D/f => x", "root cat fd:P/f => x", "root cat fd:P/../top => y", "root cat fd:F/f => ENOTDIR",
            "root cat fd:F/. => ENOTDIR", "root mkdir fd:P/e => OK", "root rename fd:D/f fd:P/e/g => OK", "root cat fd:D/e/g => x", "root rename d dd => OK",
            "root cat fd:D/e/g => x", "root cat d/e/g => ENOENT", "root ls fd:D/. => e", "root close D => OK", "root cat fd:D/e/g => EBADF",
            "root link top fd:D/t => EBADF", "root linkfd F fd:P/h => OK", "root cat dd/h => x", "root close P => OK", "root close F => OK");

    [Fact]
    public static void Nothing_is_found_or_made_in_a_directory_that_is_gone()
        => Answers.Are(
            "root mkdir d => OK", "root open D d dir => OK", "root chdir d => OK", "root rmdir d => OK", "root ls fd:D/. => ENOENT", "root lsfd D => ENOENT",
            "root cat fd:D/f => ENOENT", "root create fd:D/f x => ENOENT", "root mkdir cwd:e => ENOENT", "root symlink t cwd:s => ENOENT",
            "root tmpfile T cwd:. => EPERM", "root lstat cwd:. => dir[inode=d,nlink=0]", "root ls cwd:.. => ", "root fdpath D => /d (deleted)",
            "root rmdir fd:D/. => EINVAL", "root chdir cwd:.. => OK", "root mkdir cwd:e => OK", "root ls . => e", "root close D => OK", "root chdir / => OK");

    [Fact]
    public static void Where_a_process_is_stays_pinned()
        => Answers.Are(
            [
                .. Tree, "root chdir d/f => ENOTDIR", "root chdir no => ENOENT", "root chmod d 700 => OK", "alice chdir d => EACCES", "root chdir d/sub => OK",
                "root umount => EBUSY", "root rm_key K1 => OK[FILES_BUSY]", "root ls cwd:.. => f sub", "root create cwd:g x => ENOKEY",
                "root chdir cwd:.. => OK", "root rm_key K1 => OK[FILES_BUSY]", "root cat cwd:f => ENOKEY", "alice ls cwd:. => d", "root chdir . => OK",
                "root rm_key K1 => OK", "root remount => EBUSY", "root chdir / => OK", "root remount => OK", "root ls d => nokey(f) nokey(sub)",
            ]);

    [Fact]
    public static void A_process_in_a_locked_directory_meets_its_key_when_it_comes()
        => Answers.Are(
            [
                .. Tree, "root rm_key K1 => OK", "root chdir d => OK", "root cat cwd:f => ENOENT", "root create cwd:g x => ENOKEY", "root ls cwd:. => nokey(f) nokey(sub)",
                "root status K1 => ABSENT", "root add_key K1 => OK", "root cat cwd:f => hello", "root create cwd:g x => OK", "root ls cwd:. => f g sub",
                "root rm_key K1 => OK[FILES_BUSY]", "root chdir / => OK", "root rm_key K1 => OK",
            ]);

    [Fact]
    public static void A_file_without_a_name_gets_some()
        => Answers.Are(
            "root mkdir d => OK", "root tmpfile T d => OK", "root write T data => OK", "root fstat T => file[inode=?,nlink=0,size=4]", "root ls d => ",
            "root fdpath T => /d/#12 (deleted)", "root linkfd T d/t => OK", "root linkfd T d/t => EEXIST", "root linkfd T d/no/t => ENOENT",
            "root linkfd T u => OK", "root fstat T => file[inode=t,nlink=2,size=4]", "root cat d/t => data", "root fdpath T => /d/#12 (deleted)",
            "root unlink u => OK", "root unlink d/t => OK", "root linkfd T d/t => ENOENT", "root read T => data", "root close T => OK", "root linkfd T d/t => ENOENT");

    [Fact]
    public static void What_has_no_name_cannot_always_be_made_or_get_one()
        => Answers.Are(
            "root mkdir d => OK", "root create f x => OK", "root tmpfile T f => ENOTDIR", "root tmpfile T no => ENOENT", "alice tmpfile T d => EACCES",
            "alice tmpfile T . => OK", "alice linkfd T d/t => EACCES", "root open D d dir => OK", "root linkfd D e => EPERM", "root open F f r => OK",
            "root unlink f => OK", "root linkfd F g => ENOENT", "root close F => OK", "root close D => OK", "root close T => OK");

    [Fact]
    public static void A_file_without_a_name_has_its_directorys_policy()
        => Answers.Are(
            [
                .. Tree, "root add_key K2 => OK", "root mkdir e => OK", "root set_policy e K2 => OK", "root tmpfile T d => OK", "root write T secret => OK",
                "root fstat T => file[inode=?,nlink=0,size=6,encrypted]", "root linkfd T e/t => EXDEV", "root rm_key K1 => OK[FILES_BUSY]",
                "root tmpfile U d => ENOKEY", "root read T => secret", "root write T more => OK", "root linkfd T out => OK", "root linkfd T d/t => OK",
                "root close T => OK", "root rm_key K1 => OK", "root tmpfile U d => ENOKEY", "root cat out => ENOKEY", "root add_key K1 => OK",
                "root cat d/t => moreet", "root cat out => moreet",
            ]);

    [Fact]
    public static void A_file_that_never_got_a_name_goes_with_its_last_user()
        => Answers.Are(
            [
                .. Tree, "root tmpfile T d => OK", "root write T secret => OK", "root rm_key K1 => OK[FILES_BUSY]", "root close T => OK", "root rm_key K1 => OK",
                "root status K1 => ABSENT", "root add_key K1 => OK", "root create d/n x => OK", "root lstat d/n => file[inode=n,nlink=1,size=1,encrypted]",
            ]);

    [Fact]
    public static void Devices_are_not_encrypted_and_their_names_are()
        => Answers.Are(
            [
                .. Tree, "root mknod d/p => OK", "root mknod d/p => EEXIST", "root lstat d/p => special[inode=p,nlink=1,size=0]", "root cat d/p => ENXIO",
                "root open P d/p path => OK", "root fstat P => special[inode=p,nlink=1,size=0]", "root close P => OK", "root add_key K2 => OK",
                "root mkdir e => OK", "root set_policy e K2 => OK", "root link d/p e/p => OK", "root rename e/p d/q => OK", "root open D d dir => OK",
                "root rm_key K1 => OK[FILES_BUSY]", "root mknod d/r => OK", "root close D => OK", "root rm_key K1 => OK", "root mknod d/x => ENOKEY",
                "root ls d => nokey(f) nokey(q) nokey(q) nokey(r) nokey(sub)", "root lstat d/@r => special[inode=r,nlink=1,size=0]", "root unlink d/@r => OK",
            ]);

    [Fact]
    public static void A_lock_of_a_file_is_one_descriptors()
        => Answers.Are(
            "root create f x => OK", "root open F f r => OK", "root open G f rw => OK", "root open P f path => OK", "root flock F => OK", "root flock F => OK",
            "root flock G => EAGAIN", "root flock P => EBADF", "root close F => OK", "root flock G => OK", "root unlink f => OK", "root close G => OK",
            "root flock G => EBADF", "root close P => OK");

    [Fact]
    public static void Pages_that_are_not_wanted_are_written_and_dropped()
        => Answers.Are(
            "root create f x => OK", "root open F f rw => OK", "root write F later => OK", "root fadvise F => OK", "root read F => later", "root fadvise F => OK",
            "root open P f path => OK", "root fadvise P => EBADF", "root close F => OK", "root close P => OK", "root fadvise F => EBADF");

    [Fact]
    public static void Nothing_is_stored_behind_the_end_of_a_file()
        => Answers.Are(
            "root create f abc => OK", "root create e => OK", "root open F f rw => OK", "root open E e rw => OK", "root mmap M F rw=1 => OK",
            "root mmap N E rw=1 => OK", "root mmap P E rw=1 private=1 => OK", "root mwrite M hello => OK", "root read F => hel",
            "root fstat F => file[inode=f,nlink=1,size=3]", "root mwrite N x => EFAULT", "root mwrite P x => EFAULT", "root mread N => EFAULT",
            "root ftruncate F 0 => OK", "root mwrite M x => EFAULT", "root munmap M => OK", "root munmap N => OK", "root munmap P => OK",
            "root close F => OK", "root close E => OK");
}
