using BenchmarkDotNet.Attributes;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>From the texts of the library to its scenarios: parsed, checked, and compiled.</summary>
[MemoryDiagnoser]
public class ParsingBenchmarks
{
    private readonly string[] texts = [.. ScenarioLibrary.Names.Select(n => ScenarioLibrary.TextOf(n)!)];

    [Benchmark]
    public int Parse() => texts.Count(t => ScenarioParser.Parse(new Scenarios.Language.Diagnostics("library", t)) != null);

    [Benchmark]
    public int Load() => texts.Count(t => ScenarioFile.Load(new Scenarios.Language.Diagnostics("library", t)).Scenario != null);
}
