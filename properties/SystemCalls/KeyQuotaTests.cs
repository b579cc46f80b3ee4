using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>What users may have in the keys service: a claim on a key is a key there.</summary>
public static class KeyQuotaTests
{
    // 200 keys, or 20,000 bytes: a claim of uid 1001 is charged with 42 for what it is called and 64 for the key.
    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    public static void A_user_may_have_188_claims(string release)
        => Answers.AreIn(release,
        [
            .. Keys.Take(188).Select(k => $"alice add_key {k} => OK"), $"alice add_key {Keys[188]} => EDQUOT", $"alice status {Keys[188]} => ABSENT",
            $"root add_key {Keys[188]} => OK", $"alice add_key {Keys[188]} => EDQUOT", $"alice status {Keys[188]} => PRESENT[users=1]",
            $"alice add_key {Keys[7]} => OK", $"bob add_key {Keys[190]} => OK", $"alice rm_key {Keys[0]} => OK", $"alice add_key {Keys[188]} => OK",
            $"alice status {Keys[188]} => PRESENT[users=2,self]",
        ]);

    [Theory]
    [InlineData("v5.4")]
    [InlineData("v6.1")]
    [InlineData("v6.18")]
    public static void Claims_count_as_long_as_they_are_there(string release)
        => Answers.AreIn(release,
            "alice key_quota keys 2 => EACCES", "carol key_quota keys 2 => EACCES", "root key_quota keys 2 => OK",
            "alice add_key K1 => OK", "alice add_key K2 => OK", "alice add_key K3 => EDQUOT", "alice add_key K2 => OK",
            "root add_key K3 => OK", "alice add_key K3 => EDQUOT", "root status K3 => PRESENT[users=1,self]",
            "carol rm_key_all K1 => OK", "alice add_key K3 => OK", "alice add_key K1 => EDQUOT", "alice status K1 => ABSENT",
            "root key_quota keys 3 => OK", "alice add_key K1 => OK", "root umount => OK", "root mount => OK",
            "alice add_key K4 => OK", "alice add_key K5 => OK", "alice add_key K6 => OK", "alice add_key K7 => EDQUOT",
            "root key_quota bytes 0 => OK", "alice rm_key K6 => OK", "alice add_key K6 => EDQUOT", "alice rm_key K5 => OK");

    [Theory]
    [InlineData("v5.10")]
    [InlineData("v6.18")]
    public static void A_key_that_was_removed_incompletely_is_not_present_without_a_claim(string release)
        => Answers.AreIn(release,
            "root key_quota keys 1 => OK", "alice add_key K1 => OK", "alice mkdir d => OK", "alice set_policy d K1 => OK",
            "alice create d/f x => OK", "alice open F d/f r => OK", "alice rm_key K1 => OK[FILES_BUSY]", "alice add_key K2 => OK",
            "alice add_key K1 => EDQUOT", "alice status K1 => INCOMPLETELY_REMOVED", "alice rm_key K2 => OK", "alice add_key K1 => OK",
            "alice status K1 => PRESENT[users=1,self]", "alice close F => OK");

    // A provisioning key cannot be changed: the new one is charged before it takes the old one's place. Keys of version 1 can.
    [Fact]
    public static void A_provisioning_key_in_the_place_of_another_is_charged_first()
        => Answers.Are(
            "root key_quota keys 1 => OK", "alice provision_key P K1 => OK", "alice provision_key P K2 => EDQUOT",
            "root key_quota keys 2 => OK", "alice provision_key P K2 => OK", "alice provision_key P K3 => OK",
            "bob session_key add K1 => OK", "bob session_key add K1 => OK", "bob session_key add K2 => OK", "bob session_key add K3 => EDQUOT",
            "bob session_key add K2 => OK");

    [Fact]
    public static void Keys_of_version_1_and_those_in_keyrings_are_charged_to_whoever_keeps_them()
        => Answers.Are(
            "root key_quota keys 1 => OK", "carol add_key K1 spec=desc => OK", "carol add_key K2 spec=desc => OK",
            "alice provision_key P K1 => OK", "alice add_key P => EDQUOT", "alice unprovision_key unlink P => OK", "alice add_key K1 => OK",
            "alice provision_key P K1 => EDQUOT", "alice session_key add K1 => EDQUOT", "bob session_key add K1 => OK", "bob add_key K1 => EDQUOT");

    // Where a key dies under an adder, his claim stays on it, and is charged, until the last reference goes: from v6.1 on the claim
    // comes before the look whether it is dead. Then he may not have another on the key that is made in its place.
    [Theory]
    [InlineData("v5.10", false, 660)]
    [InlineData("v6.1", true, 158)]
    [InlineData("v6.18", true, 158)]
    public static void A_claim_on_a_dead_key_is_charged(string release, bool staysOnDead, long count)
        => Assert.Equal(count, KernelTexts.Executions(
            """
            setup
              root key_quota keys 1
              root add_key K1
            thread remover
              root rm_key K1 -> removal
            thread adder
              alice add_key K1 -> added
            finally
              alice add_key K1 -> again
              alice status K1 -> state
            always    again == "OK" && state == "PRESENT[users=1,self]"
            sometimes added == "OK"

            """ + (staysOnDead ? "sometimes added == \"EDQUOT\"" : "always added == \"OK\""), release));

    [Theory]
    [InlineData("v5.10", 305)]
    [InlineData("v6.18", 114)]
    public static void A_claim_is_given_up_while_another_is_asked_for(string release, long count)
        => Assert.Equal(count, KernelTexts.Executions(
            """
            setup
              root key_quota keys 1
              alice add_key K1
            thread remover
              alice rm_key K1 -> removal
            thread adder
              alice add_key K2 -> added
            finally
              alice add_key K2 -> again
              alice status K1 -> state
            always    removal == "OK" && again == "OK" && state == "ABSENT"
            sometimes added == "OK"
            sometimes added == "EDQUOT"
            """, release));

    private static string[] Keys { get; } = [.. from key in Enumerable.Range(1, 9) from size in Enumerable.Range(16, 48) select $"K{key}.{size}"];
}
