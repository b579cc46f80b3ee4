using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Programs without their first line, which is the same for all.</summary>
internal static class ProgramText
{
    private const string Head = "scenario test\n";

    /// <summary>The program.</summary>
    public static ProgramCode Compile(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", Head + text);
        var syntax = ScenarioParser.Parse(diagnostics);
        var code = syntax == null ? null : ProgramCompiler.Compile(syntax, diagnostics);
        Assert.True(code != null, diagnostics.Format());
        return code;
    }

    /// <summary>What the compiler says of it.</summary>
    public static string Mistakes(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", Head + text);
        if (ScenarioParser.Parse(diagnostics) is { } syntax)
            Assert.Null(ProgramCompiler.Compile(syntax, diagnostics));
        return diagnostics.Format();
    }

    /// <summary>The tree.</summary>
    public static ScenarioSyntax Parse(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", Head + text);
        var syntax = ScenarioParser.Parse(diagnostics);
        Assert.True(syntax != null, diagnostics.Format());
        return syntax;
    }
}
