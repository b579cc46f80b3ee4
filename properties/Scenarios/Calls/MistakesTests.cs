using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Calls;

/// <summary>What is said about files whose lines can be read, and that mean nothing; and about what the model lacks.</summary>
public static class MistakesTests
{
    [Fact]
    public static void Operations_that_are_not_well_formed_are_told_with_what_would_be_right()
        => ExpectedText.Compare("operations.txt", Told("""
            scenario bad
            kernel v5.5..
            user carol 1003 sys_admn
            setup
              root add_ky K1
              root mkdir
              root mkdir a b
              root open F d/f rx
              root open -F d/f
              root close G
              root set_policy d K12 v=2
              root set_policy d K1 v=3 flags=x
              root status K0 on=/d
              root write F
              root chmod d 888
              root session_key drop K1
            thread a
              root rm_key K1 poke=4 -> x
              root rename a b flags=swap
              root read F off=abc
            finally
              root cat d//f -> data
              root cat fd:D -> data
              root cat /d/f -> data
            never     dat == "x"
            """));

    [Fact]
    public static void Keys_in_keyrings_are_told_apart_by_their_names()
        => ExpectedText.Compare("keyrings.txt", Told("""
            scenario bad
            setup
              root add_key P
              root provision_key K1 K2
              root provision_key P
              root provision_key Q P
              root provision_key P K1 spec=ident
              alice provision_key P K1
              root provision_key P K1 type=user
              root unprovision_key forget P
              root unprovision_key revoke Q
              root unprovision_key revoke
              root key_quota inodes 5
              root key_quota keys -1
              root set_policy d K1 contents=x
            """));

    [Fact]
    public static void Conditions_that_mean_nothing_are_told()
        => ExpectedText.Compare("conditions.txt", Told("""
            scenario bad
            setup
              root add_key K1
              root status K1 -> s
            thread a
              root rm_key K1 -> data
            never     one: dat == "x"
            never     data == 5
            always    data
            always    !data
            always    data < "x"
            always    data == cached(d)
            sometimes status(K1)
            sometimes status(K0) == "ABSENT"
            sometimes cached(/d)
            never     one: data == s
            never     data + 1 == 2
            without rule deadlok
            without rule exception
            """));

    [Fact]
    public static void Conditions_of_programs_that_mean_nothing_are_told()
        => ExpectedText.Compare("program-conditions.txt", Told("""
            scenario bad
            shared x = 0, a[2] = 0
            thread t * 2
              r = x
              a[id] = r
            never     y == 1
            never     t.r == 1
            never     t[2].r == 1
            never     a == 1
            never     a[2] == 1
            never     a[x] == 1
            never     x == "OK"
            never     cached(d)
            always    x
            """));

    [Fact]
    public static void What_the_model_lacks_is_told_line_by_line()
    {
        var file = ScenarioFile.Load(new Diagnostics("lacks.scenario", """
            scenario lacks
            user carol 1003 sys_admin
            background flusher at most 2
            fault enomem in rename
            setup
              root add_key K1.32
              root add_key K1 spec=desc
              root mkdir d
              root create d/f x
              root ls d
              root cat d/@f -> a
              root session_key add K1 -> b
              root open D d dir
              root open F d/f
              root mmap M F
              root drop_caches 2
            thread a
              root mkdir e
              root read F
            thread b
              root write F x off=99999999
              root close F
              root mread M
              root lstat fd:D/f
            thread c * 2
              root open F d/f
              root munmap M
              root lstat fd:D/f
            always cached(d/@f)
            """));

        Assert.Null(file.Scenario);
        Assert.False(file.Diagnostics.Any);
        ExpectedText.Compare("not-modelled.txt", file.MissingText);
    }

    [Fact]
    public static void The_list_tells_what_runs_from_what_is_to_come()
    {
        using var output = new StringWriter { NewLine = "\n" };
        Assert.Equal(0, new CommandLine(ScenarioCatalog.Library, new Output(output, output, isTerminal: false)).Run(["list", "scenarios"]));
        ExpectedText.Compare("list-scenarios.txt", output.ToString());
    }

    private static string Told(string text)
    {
        var file = ScenarioFile.Load(new Diagnostics("bad.scenario", text.ReplaceLineEndings("\n")));
        Assert.Null(file.Scenario);
        return file.Diagnostics.Format();
    }
}
