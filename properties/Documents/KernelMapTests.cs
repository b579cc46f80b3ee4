using System.Runtime.CompilerServices;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Properties.Commands;
using Xunit;

namespace Fscrypt.Sim.Properties.Documents;

/// <summary>docs/KERNEL-MAP.md lists each modelled kernel function. This test writes it anew; git shows what changed.</summary>
public static class KernelMapTests
{
    [Fact]
    public static void The_map_is_current()
    {
        var path = Path.Combine(Root(), "docs", "KERNEL-MAP.md");
        var map = KernelMapCommand.Text();
        var committed = File.Exists(path) ? File.ReadAllText(path) : "";
        if (committed != map && Environment.GetEnvironmentVariable("CI") == null)
            File.WriteAllText(path, map);
        Assert.Equal(map, committed);
    }

    [Fact]
    public static void The_functions_that_everything_is_about_are_there()
    {
        var map = KernelMapCommand.Text();
        foreach (var function in new[] { "iput", "iput_final", "evict", "iget_locked", "dput", "do_remove_key", "fscrypt_drop_inode", "put_crypt_info" })
            Assert.Contains($"| `{function}` |", map, StringComparison.Ordinal);
    }

    [Fact]
    public static void The_verb_prints_it_or_the_rows_of_a_function()
    {
        using var tester = new CommandLineTester();
        Assert.Equal((0, File.ReadAllText(Path.Combine(Root(), "docs", "KERNEL-MAP.md"))), tester.Execute("kernel-map").Result);
        Assert.Equal((0, "| fs/inode.c | `iput_final` | InodeCache.IputFinal |  |\n"), tester.Execute("kernel-map", "iput_final").Result);
        var mistake = tester.Execute("kernel-map", "iput_finl");
        Assert.Equal((1, ""), mistake.Result);
        Assert.Contains("iput_final", mistake.Error, StringComparison.Ordinal);
    }

    internal static string Root([CallerFilePath] string file = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
