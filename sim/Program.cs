using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Scenarios;

var isTerminal = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
using var writer = new StreamWriter(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false)) { AutoFlush = isTerminal };
var output = new Output(writer, Console.Error, isTerminal);
return new CommandLine(ScenarioLibrary.All, output).Run(args);
