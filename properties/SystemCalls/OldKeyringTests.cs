using Fscrypt.Sim.Properties.Vfs;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Master keys as keys of the keys service (up to v6.0), beside those of today: what can be told apart, and what cannot.</summary>
public static class OldKeyringTests
{
    private const string Added = "setup\n  root add_key K1\n";

    // Who finds a key that is dead and not yet marked removes it once more: that was no error up to v6.0.
    [Theory]
    [InlineData("v5.4", 3932)]
    [InlineData("v5.10", 3932)]
    [InlineData("v6.1", 658)]
    [InlineData("v6.18", 658)]
    public static void A_second_removal_in_the_dead_window(string release, long states)
        => Assert.Equal(states, KernelTexts.States(
            Added + """
            thread one
              root rm_key K1 -> first
            thread two
              alice rm_key K1 -> second
            finally
              root status K1 -> state
            always    first == "OK" && state == "ABSENT"

            """ + (release is "v5.4" or "v5.10" ? "sometimes second == \"OK\"" : "never second == \"OK\"") + "\nsometimes second == \"ENOKEY\"", release));

    // A key that died is replaced, before or after the worker unlinks it; its claims are not inherited.
    [Theory]
    [InlineData("v5.10", 4436)]
    [InlineData("v6.1", 623)]
    [InlineData("v6.18", 623)]
    public static void A_key_is_added_again_while_it_is_removed(string release, long states)
        => Assert.Equal(states, KernelTexts.States(
            Added + """
            thread remover
              root rm_key K1 -> removal
            thread adder
              alice add_key K1 -> added
            finally
              alice status K1 -> state
            always    added == "OK" && state == "PRESENT[users=1,self]"
            sometimes removal == "OK"
            sometimes removal == "OK[OTHER_USERS]"
            """, release));

    // The last inode of a removed key takes the key with it, wherever its eviction comes from.
    [Theory]
    [InlineData("v5.10", 4808)]
    [InlineData("v6.18", 1683)]
    public static void The_last_inode_goes_while_the_key_is_added_again(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            """
            setup
              root add_key K1
              root mkdir d
              root set_policy d K1
              root create d/f hello
              root open F d/f r
              root rm_key K1 -> busy
              root close F
            thread reclaimer
              root drop_caches 2
            thread adder
              root add_key K1 -> added
            finally
              root status K1 -> state
              root cat d/f -> data
            always    added == "OK" && state == "PRESENT[users=1,self]" && data == "hello"
            """, release));

    // Presence ends in the middle of the wipe up to v6.6, and before it since: ->drop_inode, which looks without a lock, sees both.
    [Theory]
    [InlineData("v6.1", 5580)]
    [InlineData("v6.7", 5580)]
    public static void A_file_is_closed_while_the_secret_goes(string release, long states)
        => Assert.Equal(states, KernelTexts.StatesButRaces(
            """
            setup
              root add_key K1
              root mkdir d
              root set_policy d K1
              root create d/f hello
              root open F d/f r
            thread closer
              root close F
            thread remover
              root rm_key K1 -> removal
            finally
              root add_key K1
              root cat d/f -> data
            always    data == "hello"
            sometimes removal == "OK"
            sometimes removal == "OK[FILES_BUSY]"
            """, release));
}
