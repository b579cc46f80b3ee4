using System.Text.RegularExpressions;
using Fscrypt.Sim.Properties.Documents;
using Xunit;

namespace Fscrypt.Sim.Properties.Structure;

/// <summary>The arrows of docs/ARCHITECTURE.md, and the size of files.</summary>
public static partial class ArchitectureTests
{
    private const int LinesMax = 400;

    // What the files of a folder may use; each may use what those before it are.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Machine"] = [],
        ["Releases"] = [],
        ["Vfs"] = ["Machine", "Releases"],
        ["Fscrypt"] = ["Machine", "Releases", "Vfs"],
        ["FileSystems"] = ["Machine", "Releases", "Vfs", "Fscrypt"],
        ["Eviction"] = ["Machine", "Releases", "Vfs", "Fscrypt"],
        ["SystemCalls"] = ["Machine", "Releases", "Vfs", "Fscrypt", "FileSystems", "Eviction"],
        ["Rules"] = ["Machine", "Releases", "Vfs", "Fscrypt", "FileSystems", "Eviction", "SystemCalls"],
    };

    [Fact]
    public static void Folders_of_the_model_use_only_those_below_them()
    {
        var wrong = from file in Sources("model")
                    let folder = Path.GetFileName(Path.GetDirectoryName(file)!)
                    where Allowed.ContainsKey(folder)
                    from Match use in ModelNamespace().Matches(File.ReadAllText(file))
                    let used = use.Groups[1].Value
                    where used != folder && Allowed.ContainsKey(used) && !Allowed[folder].Contains(used)
                    select $"{folder}/{Path.GetFileName(file)} uses {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public static void The_model_uses_nothing_of_the_harness_and_the_harness_nothing_of_the_tests()
    {
        var wrong = Sources("model").Where(f => HarnessNamespace().IsMatch(File.ReadAllText(f)))
            .Concat(Sources("model").Concat(Sources("sim")).Where(f => File.ReadAllText(f).Contains("Fscrypt.Sim.Properties;", StringComparison.Ordinal)));
        Assert.Empty(wrong);
    }

    [Fact]
    public static void Every_folder_of_the_model_is_in_the_map()
    {
        var map = File.ReadAllText(Path.Combine(KernelMapTests.Root(), "docs", "ARCHITECTURE.md"));
        var folders = Sources("model").Concat(Sources("sim")).Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Distinct();
        Assert.All(folders, f => Assert.Contains(f == "Properties" ? "properties" : f + "/", map, StringComparison.Ordinal));
    }

    [Fact]
    public static void No_file_is_too_long_to_be_one_concept()
        => Assert.All(AllSources(), f => Assert.InRange(File.ReadLines(f).Count(), 1, LinesMax));

    [Fact]
    public static void Namespaces_are_folders()
    {
        var wrong = from file in AllSources()
                    let declared = NamespaceLine().Match(File.ReadAllText(file))
                    where declared.Success && !declared.Groups[1].Value.EndsWith(
                        Path.GetFileName(Path.GetDirectoryName(file)!) switch
                        {
                            "model" => "Fscrypt.Sim.Model", "sim" => "Fscrypt.Sim", "properties" => "Fscrypt.Sim.Properties",
                            "benchmarks" => "Fscrypt.Sim.Benchmarks", var folder => "." + folder,
                        },
                        StringComparison.Ordinal)
                    select file;
        Assert.Empty(wrong);
    }

    private static IEnumerable<string> AllSources() => new[] { "model", "sim", "properties", "benchmarks" }.SelectMany(Sources);

    private static IEnumerable<string> Sources(string project)
        => Directory.EnumerateFiles(Path.Combine(KernelMapTests.Root(), project), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !f.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    [GeneratedRegex(@"Fscrypt\.Sim\.Model\.(\w+)")]
    private static partial Regex ModelNamespace();

    [GeneratedRegex(@"Fscrypt\.Sim\.(Engines|Search|Scenarios|Findings|Commands)")]
    private static partial Regex HarnessNamespace();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();
}
