using System.Globalization;
using System.Reflection;
using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Search;

namespace Fscrypt.Sim.Benchmarks;

/// <summary>What is counted instead of timed: steps of an execution, and bytes of an inode with its dentry.</summary>
internal static class Sizes
{
    public static void Print(TextWriter output)
    {
        output.WriteLine("| scenario | steps an execution | of them scheduling points of the racing threads |");
        output.WriteLine("|---|---:|---:|");
        foreach (var scenario in ScenarioLibrary.All)
        {
            var host = new NativeHost<RandomWalk>(new RandomWalk(1));
            var simulation = new Simulation(scenario, new KernelConfiguration(), host);
            const int Executions = 10_000;
            long steps = 0;
            long points = 0;
            for (var i = 0; i < Executions; i++)
            {
                simulation.Execute();
                steps += host.Steps;
                points += host.Schedule.Length;
                host.Strategy.Next();
            }

            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"| {scenario.Name} | {(double)steps / Executions:F1} | {(double)points / Executions:F1} |"));
        }

        output.WriteLine();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"An inode is {BytesOf<Inode>()} bytes, a dentry {BytesOf<Dentry>()}, with all watchers' fields."));
    }

    private static long BytesOf<T>()
        where T : KernelObject
    {
        var host = new NativeHost<RandomWalk>(new RandomWalk(1));
        var kernel = new Kernel(host, new KernelConfiguration());
        var constructor = typeof(T).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single();
        var create = constructor.CreateDelegateFor<T>();
        create(host, kernel.SuperBlock);
        var least = long.MaxValue;
        for (var i = 0; i < 16; i++)                       // the least: the host's own list grows now and then
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            create(host, kernel.SuperBlock);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static Func<KernelHost, SuperBlock, T> CreateDelegateFor<T>(this ConstructorInfo constructor)
    {
        var host = System.Linq.Expressions.Expression.Parameter(typeof(KernelHost));
        var superBlock = System.Linq.Expressions.Expression.Parameter(typeof(SuperBlock));
        return System.Linq.Expressions.Expression.Lambda<Func<KernelHost, SuperBlock, T>>(
            System.Linq.Expressions.Expression.New(constructor, host, superBlock), host, superBlock).Compile();
    }
}
