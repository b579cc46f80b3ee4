using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Keys that users keep in their session keyrings: provisioning keys, and the fallback of version 1.</summary>
public static class ProcessKeyTests
{
    [Theory]
    [InlineData("v5.6")]
    [InlineData("v6.18")]
    public static void A_key_is_added_by_its_id(string release)
        => Answers.AreIn(release,
            "alice add_key P => ENOKEY", "alice provision_key P K1 => OK", "alice add_key P => OK", "alice status K1 => PRESENT[users=1,self]",
            "bob add_key P => EACCES", "root add_key P => EACCES", "alice add_key P poke=40:1 => EINVAL", "alice add_key P spec=desc => EACCES",
            "alice provision_key spec=desc Q K1 => OK", "alice add_key Q => EKEYREJECTED",
            "root provision_key R K2 spec=desc => OK", "root add_key R spec=desc => OK", "root status K2 spec=desc => PRESENT[users=0]",
            "root add_key R => EKEYREJECTED", "root rm_key K2 spec=desc => OK",
            "alice provision_key U K1 type=user => OK", "alice add_key U => EKEYREJECTED",
            "alice unprovision_key revoke P => OK", "alice add_key P => EKEYREVOKED", "alice unprovision_key revoke P => EKEYREVOKED",
            "alice provision_key P K1 => OK", "alice add_key P => OK", "alice unprovision_key unlink P => OK", "alice add_key P => ENOKEY",
            "alice unprovision_key revoke P => ENOKEY", "alice provision_key S K1.15 => EINVAL", "alice add_key S => ENOKEY",
            "alice rm_key K1 => OK", "alice status K1 => ABSENT");

    [Fact]
    public static void The_first_release_has_no_ids()
        => Answers.AreIn("v5.4", "alice provision_key P K1 => OK", "alice add_key P => EINVAL", "alice add_key P spec=desc => EINVAL");

    [Theory]
    [InlineData("v5.4")]
    [InlineData("v6.18")]
    public static void No_removal_sees_what_a_process_key_unlocked(string release)
        => Answers.AreIn(release,
            "root mkdir d => OK", "root set_policy d K1 v=1 => OK", "root create d/f x => ENOKEY", "alice session_key add K1 => OK",
            "root create d/f x => ENOKEY", "root session_key add K1 => OK", "root create d/f x => OK", "root status K1 spec=desc => ABSENT",
            "root rm_key K1 spec=desc => ENOKEY", "root add_key K1 spec=desc => OK", "root rm_key K1 spec=desc => OK", "root cat d/f => x",
            "root session_key unlink K1 => OK", "root session_key unlink K1 => ENOKEY", "root cat d/f => x", "root sync => OK", "root drop_caches 3 => OK",
            "root cat d/f => ENOENT", "root session_key add K1.32 => OK", "root cat d/f => ENOKEY", "root session_key add K1 => OK", "root cat d/f => x",
            "root session_key revoke K1 => OK", "root session_key revoke K1 => EKEYREVOKED", "root cat d/f => x");

    [Fact]
    public static void The_file_systems_key_comes_first()
        => Answers.Are(
            "root mkdir d => OK", "root set_policy d K1 v=1 => OK", "root session_key add K1 => OK", "root add_key K1 spec=desc => OK",
            "root create d/f x => OK", "root open F d/f r => OK", "root rm_key K1 spec=desc => OK[FILES_BUSY]", "root create d/g x => ENOKEY",
            "root close F => OK", "root rm_key K1 spec=desc => OK", "root cat d/f => x", "root status K1 spec=desc => ABSENT");

    [Theory]
    [InlineData("v5.10", 976)]
    [InlineData("v6.18", 1021)]
    public static void A_process_key_is_revoked_while_a_file_is_opened(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            """
            setup
              root mkdir d
              root set_policy d K1 v=1
              root session_key add K1
              root create d/f x
              root sync
              root drop_caches 3
            thread reader
              root cat d/f -> data
            thread owner
              root session_key revoke K1 -> revoked
            finally
              root session_key unlink K1 -> unlinked
            always    revoked == "OK" && unlinked == "OK"
            sometimes data == "x"
            sometimes data != "x"
            """, release));
}
