using System.Text;
using Fscrypt.Sim.Commands;

var isTerminal = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
var writer = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
var code = new CommandLine(ScenarioCatalog.Library, new Output(writer, Console.Error, isTerminal)).Run(args);
try
{
    writer.Flush();
}
catch (IOException)
{
    // Whoever read it has gone, and misses nothing.
}

return code;
