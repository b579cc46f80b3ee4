using Fscrypt.Sim.Commands;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>Runs the command line on the little scenarios, in a directory of its own for traces.</summary>
internal sealed class CommandLineTester : IDisposable
{
    /// <summary>Where traces are written.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("fscrypt-sim-").FullName;

    /// <summary>What one run printed and returned.</summary>
    public Run Execute(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = new CommandLine(ScenarioCatalog.Of(LittleScenarios.All), new Output(output, error, isTerminal: false)).Run(arguments);
        return new Run(code, output.ToString(), error.ToString());
    }

    /// <summary>The same, with traces written to <see cref="Directory"/>.</summary>
    public Run Explore(params string[] arguments) => Execute(["explore", .. arguments, "--out", Directory]);

    /// <summary>The path of the trace of a rule that exploring a scenario on the default kernel wrote.</summary>
    public string TraceOf(string scenario, string rule) => Path.Combine(Directory, $"{scenario}-drop-inode-v6.18-{rule}.trace.json");

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    internal sealed record Run(int Code, string Output, string Error)
    {
        /// <summary>What must be the same whenever the input is. Progress, on the other stream, comes with time.</summary>
        public (int Code, string Output) Result => (Code, Output);
    }
}
