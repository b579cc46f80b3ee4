using System.Text.Json;
using BenchmarkDotNet.Running;
using Fscrypt.Sim.Benchmarks;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Cost;

if (args is ["sizes"])
{
    Sizes.Print(Console.Out);
    return 0;
}

if (args is ["counted", .. { Length: <= 1 } counted])
{
    CountedWork.Print(Console.Out, counted.FirstOrDefault());
    return 0;
}

if (args is ["plot", var drawn, var picture])
{
    var runs = JsonSerializer.Deserialize<SequentialCost[]>(File.ReadAllText(drawn), ReportJson.Options)!;
    File.WriteAllText(picture, CostPicture.Draw(runs));
    return 0;
}

if (args is ["predict"])
{
    Predictions.Print(Console.Out);
    return 0;
}

if (args is ["count", var counts])
{
    Predictions.Count(counts);
    return 0;
}

if (args is ["reductions"])
{
    Reductions.Print(Console.Out);
    return 0;
}

if (args is ["workers"])
{
    Workers.Print(Console.Out);
    return 0;
}

if (args is ["files"])
{
    ManyFiles.Print(Console.Out);
    return 0;
}

if (args is ["calls"])
{
    ManyCalls.Print(Console.Out);
    return 0;
}

BenchmarkSwitcher.FromAssembly(typeof(EvictionBenchmarks).Assembly).Run(args);
return 0;
