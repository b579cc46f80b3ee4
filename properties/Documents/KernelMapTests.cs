using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>docs/KERNEL-MAP.md lists each modelled kernel function. This test writes it anew; git shows what changed.</summary>
public static class KernelMapTests
{
    [Fact]
    public static void The_map_is_current()
    {
        var path = Path.Combine(Root(), "docs", "KERNEL-MAP.md");
        var map = Map();
        var committed = File.Exists(path) ? File.ReadAllText(path) : "";
        if (committed != map && Environment.GetEnvironmentVariable("CI") == null)
            File.WriteAllText(path, map);
        Assert.Equal(map, committed);
    }

    [Fact]
    public static void The_functions_that_everything_is_about_are_there()
    {
        var map = Map();
        foreach (var function in new[] { "iput", "iput_final", "evict", "iget_locked", "dput", "do_remove_key", "fscrypt_drop_inode", "put_crypt_info" })
            Assert.Contains($"| `{function}` |", map, StringComparison.Ordinal);
    }

    internal static string Root([CallerFilePath] string file = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));

    private static string Map()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var rows = from type in typeof(Kernel).Assembly.GetTypes()
                   from method in type.GetMethods(All)
                   let source = method.GetCustomAttribute<KernelSourceAttribute>()
                   where source != null
                   select $"| {source.File} | `{source.Function}` | {type.Name}.{method.Name} | {source.Omits} |";
        var text = new StringBuilder();
        text.Append("# Which method stands for which function of the kernel\n");
        text.Append("Generated from the `[KernelSource]` attributes by a test; do not edit.\n\n");
        text.Append("| file | function | method | leaves out |\n|---|---|---|---|\n");
        foreach (var row in rows.Order(StringComparer.Ordinal))
            text.Append(row).Append('\n');
        return text.ToString();
    }
}
