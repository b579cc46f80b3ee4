using System.Runtime.CompilerServices;
using Xunit;

namespace Fscrypt.Sim.Properties.Commands;

/// <summary>Texts that are reviewed by git diff: a test that finds another one writes it down, and fails.</summary>
internal static class ExpectedText
{
    /// <summary>Compares with the file of that name in the folder Expected next to the test.</summary>
    public static void Compare(string name, string actual, [CallerFilePath] string test = "")
        => CompareFile(Path.Combine(Path.GetDirectoryName(test)!, "Expected", name), actual);

    /// <summary>Compares with a file.</summary>
    public static void CompareFile(string path, string actual)
    {
        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected != actual && Environment.GetEnvironmentVariable("CI") == null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        Assert.Equal(expected, actual);
    }
}
