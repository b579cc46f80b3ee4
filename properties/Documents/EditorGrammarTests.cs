using System.Text.Json;
using Fscrypt.Sim.Scenarios;
using TextMateSharp.Grammars;
using TextMateSharp.Internal.Grammars.Reader;
using TextMateSharp.Internal.Types;
using TextMateSharp.Registry;
using TextMateSharp.Themes;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>The TextMate grammar of docs/editor, on every file of the library.</summary>
public static class EditorGrammarTests
{
    private const string Scope = "source.fscrypt-sim-scenario";
    private const string Quoted = "string.quoted.double.scenario";

    private static readonly string Folder = Path.Combine(KernelMapTests.Root(), "docs", "editor");
    private static readonly IGrammar Grammar = new Registry(new Options()).LoadGrammar(Scope);

    public static TheoryData<string> Library => [.. ScenarioLibrary.Names];

    [Theory]
    [MemberData(nameof(Library))]
    public static void Every_word_of_the_library_is_known(string name)
    {
        foreach (var line in ScenarioLibrary.TextOf(name)!.Split('\n'))
        {
            foreach (var (text, scope) in Tokens(line))
                Assert.True(scope != Scope || text.Trim().Length == 0, $"{name}: '{text}' of '{line}' has no scope");
        }
    }

    [Theory]
    [InlineData("thread writer * 3  # three", "thread:keyword.control.section.scenario", "writer:entity.name.function.scenario",
        "*:keyword.operator.scenario", "3:constant.numeric.scenario", "# three:comment.line.number-sign.scenario")]
    [InlineData("  root rm_key K1 spec=desc -> removal", "root:variable.parameter.actor.scenario", "rm_key:entity.name.function.operation.scenario",
        "K1:constant.other.key.scenario", "spec:variable.parameter.option.scenario", "=:keyword.operator.scenario",
        "desc:string.unquoted.scenario", "->:keyword.operator.result.scenario", "removal:variable.other.register.scenario")]
    [InlineData("  r = cas(x, 0, id + 1)", "r:variable.other.scenario", "=:keyword.operator.scenario", "cas:support.function.atomic.scenario",
        "(:punctuation.scenario", "x:variable.other.scenario", ",:punctuation.scenario", "0:constant.numeric.scenario",
        ",:punctuation.scenario", "id:variable.language.scenario", "+:keyword.operator.scenario", "1:constant.numeric.scenario",
        "):punctuation.scenario")]
    [InlineData("never     lost-write: data == \"hello\"", "never:keyword.control.expectation.scenario", "lost-write:entity.name.tag.scenario",
        "::punctuation.separator.scenario", "data:variable.other.scenario", "==:keyword.operator.scenario",
        "\"hello\":string.quoted.double.scenario")]
    [InlineData("always cached(d/f)", "always:keyword.control.expectation.scenario", "cached:support.function.predicate.scenario",
        "(:punctuation.scenario", "d/f:string.unquoted.argument.scenario", "):punctuation.scenario")]
    public static void A_line_is_taken_apart(string line, params string[] expected)
    {
        var tokens = new List<string>();
        foreach (var (text, scope) in Tokens(line).Where(t => t.Text.Trim().Length > 0 && t.Scope != Scope))
        {
            if (tokens.Count > 0 && scope == Quoted && tokens[^1].EndsWith(Quoted, StringComparison.Ordinal))
                tokens[^1] = $"{tokens[^1][..^(Quoted.Length + 1)]}{text}:{scope}";
            else
                tokens.Add($"{text.Trim()}:{scope}");
        }

        Assert.Equal(expected, tokens);
    }

    [Fact]
    public static void The_files_of_the_extension_are_there()
    {
        using var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "package.json")));
        var contributes = package.RootElement.GetProperty("contributes");
        string[] paths =
        [
            contributes.GetProperty("languages")[0].GetProperty("configuration").GetString()!,
            contributes.GetProperty("grammars")[0].GetProperty("path").GetString()!,
        ];
        Assert.All(paths, p => Assert.True(File.Exists(Path.Combine(Folder, p)), p));
        Assert.Equal(Scope, contributes.GetProperty("grammars")[0].GetProperty("scopeName").GetString());
    }

    private static List<(string Text, string Scope)> Tokens(string line)
    {
        var result = Grammar.TokenizeLine(line.TrimEnd('\r'));
        return [.. result.Tokens.Select(t => (line[Math.Min(t.StartIndex, line.Length)..Math.Min(t.EndIndex, line.Length)], t.Scopes[^1]))];
    }

    private sealed class Options : IRegistryOptions
    {
        public IRawGrammar GetGrammar(string scopeName)
        {
            using var reader = new StreamReader(Path.Combine(Folder, "syntaxes", "scenario.tmLanguage.json"));
            return GrammarReader.ReadGrammarSync(reader);
        }

        public ICollection<string>? GetInjections(string scopeName) => null;

        public IRawTheme? GetTheme(string scopeName) => null;

        public IRawTheme GetDefaultTheme() => new NoTheme();
    }

    // Only the scopes are looked at.
    private sealed class NoTheme : IRawTheme
    {
        public string GetName() => "none";

        public string? GetInclude() => null;

        public ICollection<IRawThemeSetting> GetSettings() => [];

        public ICollection<IRawThemeSetting> GetTokenColors() => [];

        public ICollection<KeyValuePair<string, object>> GetGuiColors() => [];
    }
}
