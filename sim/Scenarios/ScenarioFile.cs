using System.Collections.Immutable;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.Rules;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Conditions;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;

namespace Fscrypt.Sim.Scenarios;

/// <summary>A scenario file that was read: what is wrong with it, what the model lacks for it, or the scenario.</summary>
public sealed class ScenarioFile
{
    private const string Unignorable = "exception";

    private ScenarioFile(string name, Diagnostics diagnostics)
    {
        Name = name;
        Diagnostics = diagnostics;
    }

    /// <summary>What the scenario is called: its name in the library, or the one that stands in the file.</summary>
    public string Name { get; private init; }

    /// <summary>The text, and the mistakes in it.</summary>
    public Diagnostics Diagnostics { get; }

    /// <summary>What it asks for and the model has not got yet.</summary>
    public ImmutableArray<NotModelled> Missing { get; private set; } = [];

    /// <summary>The title; empty if there is none.</summary>
    public string Title { get; private set; } = "";

    /// <summary>What it comes from, or null.</summary>
    public string? Source { get; private set; }

    /// <summary>Whether it is a program of shared variables.</summary>
    public bool IsProgram { get; private set; }

    /// <summary>The scenario; null if there are mistakes, or the model lacks something.</summary>
    public Scenario? Scenario { get; private set; }

    /// <summary>What is missing, a line each, in the form of a mistake; empty if nothing is.</summary>
    public string MissingText
    {
        get
        {
            var missing = new Diagnostics(Diagnostics.File, Diagnostics.Text);
            foreach (var (place, what) in Missing)
                missing.Add(place, $"not modelled yet: {what}");
            return missing.Any ? missing.Format() : "";
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="diagnostics">The text, and where mistakes are noted.</param>
    /// <param name="name">The scenario's name in the library; null for the one in the text.</param>
    public static ScenarioFile Load(Diagnostics diagnostics, string? name = null)
    {
        var syntax = ScenarioParser.Parse(diagnostics);
        var loaded = new ScenarioFile(name ?? syntax?.Name.Text ?? diagnostics.File, diagnostics);
        if (syntax != null)
            loaded.Check(syntax);
        return loaded;
    }

    private void Check(ScenarioSyntax syntax)
    {
        Title = syntax.Title?.Text ?? "";
        Source = syntax.Source?.Text;
        IsProgram = ProgramCompiler.IsProgram(syntax);
        var releases = ReleasesOf(syntax.Kernel);
        CheckRules(syntax);
        Scenario? scenario = IsProgram ? Program(syntax) : Calls(syntax);
        if (Diagnostics.Any || scenario == null)
            return;
        Scenario = scenario with
        {
            Source = Source, Text = Diagnostics.Text, Releases = releases, WithoutRules = [.. syntax.WithoutRules.Select(r => r.Text)],
        };
    }

    private ProgramScenario? Program(ScenarioSyntax syntax)
    {
        if (ProgramCompiler.Compile(syntax, Diagnostics) is not { } code)
            return null;
        foreach (var rule in syntax.WithoutRules.Where(r => r.Text is not ("deadlock" or "livelock")))
            Diagnostics.Add(rule.Place, "a program of shared variables can do without the rules deadlock and livelock only");
        foreach (var background in syntax.Backgrounds)
            Diagnostics.Add(background.Name.Place, "a program of shared variables has no threads of the kernel's own");
        foreach (var fault in syntax.Faults)
            Diagnostics.Add(fault.Error.Place, "a program of shared variables has no faults");
        Register[] registers = [.. ProgramInstance.NamesOf(code).Select(n => new Register(n))];
        var conditions = new ConditionCompiler(new ProgramScope(registers, deadlocked: null), Diagnostics);
        foreach (var expectation in syntax.Expectations)
            conditions.Bind(expectation);
        return new ProgramScenario(Name, Title, code, syntax.Expectations);
    }

    private KernelScenario? Calls(ScenarioSyntax syntax)
    {
        new CallChecker(syntax, Diagnostics).Check();
        var conditions = new ConditionCompiler(new KernelScope(CallBinding.RegistersOf(syntax), kernel: null), Diagnostics);
        foreach (var expectation in syntax.Expectations)
        {
            if (HasGoodPredicates(expectation.Condition))
                conditions.Bind(expectation);
        }

        if (Diagnostics.Any)
            return null;
        Missing = CallModel.MissingIn(syntax);
        if (Missing.Length > 0)
            return null;
        var file = Diagnostics.File;
        return new KernelScenario(Name, Title, kernel => CallBinding.Bind(syntax, file, kernel));
    }

    private bool HasGoodPredicates(ExpressionSyntax expression)
    {
        switch (expression)
        {
            case PredicateSyntax predicate when KernelScope.MistakeIn(predicate) is { } mistake:
                Diagnostics.Add(predicate.Place, mistake);
                return false;
            case UnarySyntax unary:
                return HasGoodPredicates(unary.Operand);
            case BinarySyntax binary:
                return HasGoodPredicates(binary.Left) & HasGoodPredicates(binary.Right);
            default:
                return true;
        }
    }

    private void CheckRules(ScenarioSyntax syntax)
    {
        foreach (var rule in syntax.WithoutRules)
        {
            var names = RuleBook.All.Select(r => r.Name).Where(n => n != Unignorable).ToList();
            if (!names.Contains(rule.Text))
                Diagnostics.Add(rule.Place, Nearest.Message("rule", rule.Text, names));
        }

        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in syntax.Expectations.Select(e => e.Name).OfType<Word>().Where(n => !named.Add(n.Text)))
            Diagnostics.Add(name.Place, $"two expectations are called {name}");
    }

    private ReleaseRange ReleasesOf(ReleaseRangeSyntax? range)
    {
        if (range == null)
            return ReleaseRange.All;
        var from = ReleaseOf(range.From) ?? ReleaseRange.All.From;
        var to = ReleaseOf(range.To) ?? ReleaseRange.All.To;
        if (!to.IsAtLeast(from))
            Diagnostics.Add(range.Place, $"{from} comes after {to}");
        return new ReleaseRange(from, to);
    }

    private KernelRelease? ReleaseOf(Word? word)
    {
        if (word == null)
            return null;
        var release = KernelRelease.Named(word.Text);
        if (release == null)
            Diagnostics.Add(word.Place, Nearest.Message("release", word.Text, KernelRelease.All.Select(r => r.Name)));
        return release;
    }
}
