using System.CommandLine;

namespace Fscrypt.Sim.Commands;

/// <summary><c>conform</c>: the same operations on the model, on a kernel that was recorded, and on the kernel that runs.</summary>
internal static class ConformCommand
{
    public static Option<string?> Recorded { get; } = new("--recorded") { Description = "the model against a recording: sequences with every result", HelpName = "FILE" };

    public static Option<string?> Live { get; } = new("--kernel") { Description = "the running kernel against a recording", HelpName = "FILE" };

    public static Option<string?> Random { get; } = new("--random") { Description = "the model against the running kernel, with N random sequences", HelpName = "N" };

    public static Option<string[]> Races { get; } = new("--races")
    {
        Description = "race the threads of a scenario on the running kernel, and look for each outcome among the model's (repeatable)",
        HelpName = "SCENARIO", Arity = ArgumentArity.OneOrMore,
    };

    public static Option<string?> Record { get; } = new("--record") { Description = "run the sequences of --kernel FILE, and write what the running kernel answers to OUT", HelpName = "OUT" };

    public static Option<bool> SystemWide { get; } = new("--system-wide") { Description = "let sequences drop the caches of the whole machine" };

    public static Command Create(ScenarioCatalog scenarios, Output output, string? kernelRelease)
    {
        var sequences = new Argument<string[]>("SEQUENCE")
        {
            Description = "ids of sequences (default: all)", Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("conform", "the same operations on the model as on a kernel, recorded or running; alone all that can be done here")
        {
            sequences, Recorded, Live, Random, Races, Record, SystemWide, CommonOptions.Seed, CommonOptions.For,
            CommonOptions.Design, CommonOptions.Release, CommonOptions.Without, CommonOptions.Fs,
            CommonOptions.Json, CommonOptions.Quiet, CommonOptions.NoColor,
        };
        command.SetAction(parsed => new ConformRun(parsed, scenarios, output, kernelRelease).Run(parsed.GetValue(sequences)!));
        return command;
    }
}
