using System.Globalization;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Calls;

/// <summary>How many keys a scenario has, and that no two users are one.</summary>
public static class UsersAndKeysTests
{
    [Theory]
    [InlineData(503, "")]
    [InlineData(504, "many.scenario:506:15: K8.56 is one key too many: beside K1 to K9 a scenario has at most 503,")]
    public static void More_keys_than_there_can_be_are_told_where_the_first_of_them_is(int count, string mistake)
        => Assert.StartsWith(mistake, Told("scenario many\nsetup\n" + string.Concat(Enumerable.Range(0, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"  root status K{1 + (i / 64)}.{1 + (i % 64)} -> a\n")))), StringComparison.Ordinal);

    [Fact]
    public static void Whole_keys_count_once_and_others_by_what_they_are_called_by()
        => Assert.Equal("", Told("scenario few\nsetup\n" + string.Concat(Enumerable.Repeat(
            "  root add_key K1 -> a\n  root add_key K1.32 -> a\n  root add_key K2 spec=desc -> a\n  root status K3 poke=20:1 -> a\n", 40))));

    [Fact]
    public static void Two_users_have_two_numbers()
    {
        Assert.StartsWith("u.scenario:2:6: carol would be alice, who has the number 1001", Told("scenario u\nuser carol 1001\nsetup\n  carol mkdir d\n", "u"), StringComparison.Ordinal);
        Assert.StartsWith("u.scenario:3:6: dave would be carol, who has the number 7", Told("scenario u\nuser carol 7\nuser dave 7\nsetup\n  dave mkdir d\n", "u"), StringComparison.Ordinal);
        Assert.Equal("", Told("scenario u\nuser carol 7\nuser dave 8\nsetup\n  dave mkdir d\n", "u"));
    }

    private static string Told(string text, string name = "many")
        => ScenarioFile.Load(new Diagnostics($"{name}.scenario", text)) is { } file ? file.Diagnostics.Format() : "";
}
