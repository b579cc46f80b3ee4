using System.CommandLine;
using System.Reflection;
using System.Text;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Commands;

/// <summary><c>kernel-map</c>: which method of the model stands for which function of the kernel, and what it leaves out.</summary>
internal static class KernelMapCommand
{
    public static Command Create(Output output)
    {
        var function = new Argument<string?>("FUNCTION") { Description = "only the rows of this function of the kernel", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("kernel-map", "which method stands for which function of the kernel, and what it leaves out") { function };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(function) is not { } name)
            {
                output.Text(Text());
                return ExitCode.Good;
            }

            var rows = Rows().Where(r => r.Function == name).ToList();
            if (rows.Count == 0)
                throw new UsageException(Scenarios.Language.Nearest.Message("function", name, Rows().Select(r => r.Function).Distinct()));
            foreach (var row in rows)
                output.Line(row.ToString());
            return ExitCode.Good;
        });
        return command;
    }

    /// <summary>The page docs/KERNEL-MAP.md.</summary>
    public static string Text()
    {
        var text = new StringBuilder();
        text.Append("# Which method stands for which function of the kernel\n");
        text.Append("Generated from the `[KernelSource]` attributes by a test; do not edit.\n\n");
        text.Append("| file | function | method | leaves out |\n|---|---|---|---|\n");
        foreach (var row in Rows())
            text.Append(row).Append('\n');
        return text.ToString();
    }

    private static IEnumerable<Row> Rows()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var rows = from type in typeof(Kernel).Assembly.GetTypes()
                   from method in type.GetMethods(All)
                   let source = method.GetCustomAttribute<KernelSourceAttribute>()
                   where source != null
                   select new Row(source.File, source.Function, $"{type.Name}.{method.Name}", source.Omits);
        return rows.OrderBy(r => r.ToString(), StringComparer.Ordinal);
    }

    private sealed record Row(string File, string Function, string Method, string? Omits)
    {
        public override string ToString() => $"| {File} | `{Function}` | {Method} | {Omits} |";
    }
}
