using Fscrypt.Sim.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>The verbs <c>check-syntax</c> and <c>format</c>.</summary>
public sealed class ScenarioFileTests : IDisposable
{
    private readonly CommandLineTester tester = new();

    public void Dispose() => tester.Dispose();

    [Fact]
    public void Good_files_are_named_and_mistakes_shown()
    {
        var (good, bad) = (Write("good", "scenario t\n"), Write("bad", "scenario t\nthred a\n"));
        Assert.Equal((ExitCode.Good, $"{good}: good\n"), tester.Execute("check-syntax", good).Result);
        var run = tester.Execute("check-syntax", bad, good);
        Assert.Equal((ExitCode.Usage, $"{good}: good\n"), run.Result);
        Assert.Equal($"{bad}:2:1: no line begins with 'thred'; the nearest is thread\n  thred a\n  ^^^^^\n", run.Error);
    }

    [Fact]
    public void Mistakes_are_printed_as_json()
    {
        var (good, bad) = (Write("good", "scenario t\n"), Write("bad", "scenario t\nthred a\n"));
        var run = tester.Execute("check-syntax", good, bad, "--json");
        const string Error = "{\"line\":2,\"column\":1,\"message\":\"no line begins with 'thred'; the nearest is thread\"}";
        Assert.Equal(
            (ExitCode.Usage, $$"""{"verb":"check-syntax","files":[{"file":"{{good}}","errors":[],"not_modelled":[]},{"file":"{{bad}}","errors":[{{Error}}],"not_modelled":[]}]}""" + "\n"),
            run.Result);
        Assert.Equal("", run.Error);
    }

    [Fact]
    public void A_file_is_formatted_in_place_once()
    {
        var path = Write("a", "scenario  t\r\nnever x==1\r\n");
        Assert.Equal((ExitCode.Usage, $"{path}: would be formatted\n"), tester.Execute("format", "--check", path).Result);
        Assert.Equal("scenario  t\r\nnever x==1\r\n", File.ReadAllText(path));
        Assert.Equal((ExitCode.Good, $"{path}: formatted\n"), tester.Execute("format", path).Result);
        Assert.Equal("scenario t\nnever     x == 1\n", File.ReadAllText(path));
        Assert.Equal((ExitCode.Good, $"{path}: unchanged\n"), tester.Execute("format", path).Result);
        Assert.Equal((ExitCode.Good, $"{path}: unchanged\n"), tester.Execute("format", path, "--check").Result);
        Assert.Equal([path], Directory.GetFiles(tester.Directory));
    }

    [Fact]
    public void Nothing_is_written_if_one_file_is_wrong()
    {
        var (first, bad) = (Write("a", "scenario  t\n"), Write("b", "scenario\n"));
        var run = tester.Execute("format", first, bad);
        Assert.Equal((ExitCode.Usage, ""), run.Result);
        Assert.StartsWith($"{bad}:1:9: expected a name after 'scenario'\n", run.Error, StringComparison.Ordinal);
        Assert.Equal("scenario  t\n", File.ReadAllText(first));
    }

    [Fact]
    public void A_link_stays_a_link()
    {
        var (path, link) = (Write("a", "scenario  t\n"), Path.Combine(tester.Directory, "link"));
        File.CreateSymbolicLink(link, path);
        Assert.Equal(ExitCode.Good, tester.Execute("format", link).Code);
        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Equal("scenario t\n", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("check-syntax")]
    [InlineData("format")]
    public void What_is_no_scenario_file_is_answered_in_one_line(string verb)
    {
        var good = Write("good", "scenario  t\n");
        Refused(Path.Combine(tester.Directory, "none"), "there is no such file");
        Refused(tester.Directory, "is a directory");
        Refused(Write("nul", "scenario t\n\0"), "is no text: it has NUL bytes");
        var latin = Path.Combine(tester.Directory, "latin");
        File.WriteAllBytes(latin, [0x61, 0xE4, 0x62]);
        Refused(latin, "is no text: byte 2 is not UTF-8");
        Refused(Write("large", new string('#', (1 << 20) + 1)), "has more than 1 MiB, which no scenario may have");
        Assert.Equal("scenario  t\n", File.ReadAllText(good));

        void Refused(string path, string why)
        {
            var run = tester.Execute(verb, good, path);
            Assert.Equal((ExitCode.Usage, "", $"fscrypt-sim: {path}: {why}\n"), (run.Code, run.Output, run.Error));
        }
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(tester.Directory, name + ".scenario");
        File.WriteAllText(path, text);
        return path;
    }
}
