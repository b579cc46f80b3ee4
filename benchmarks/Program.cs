using BenchmarkDotNet.Running;
using Fscrypt.Sim.Benchmarks;

if (args is ["sizes"])
{
    Sizes.Print(Console.Out);
    return 0;
}

if (args is ["counted"])
{
    CountedWork.Print(Console.Out);
    return 0;
}

if (args is ["predict"])
{
    Predictions.Print(Console.Out);
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
