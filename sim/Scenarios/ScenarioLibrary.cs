using System.Reflection;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios;

/// <summary>The scenarios that come with the program: the files of the folder Library, each read when it is asked for.</summary>
public static class ScenarioLibrary
{
    private const string Prefix = "library/";
    private const string Extension = ".scenario";

    /// <summary>The names, as the command line takes them: those of no folder first, then folder by folder.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(ScenarioLibrary).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Extension.Length])
            .OrderBy(n => n.Contains('/')).ThenBy(n => n, StringComparer.Ordinal),
    ];

    /// <summary>All scenarios that the model can run.</summary>
    public static IReadOnlyList<Scenario> All { get; } = [.. Names.Select(n => File(n)!.Scenario).OfType<Scenario>()];

    /// <summary>The scenario called <paramref name="name"/>; null if there is none, or the model lacks something for it.</summary>
    public static Scenario? Named(string name) => File(name)?.Scenario;

    /// <summary>The file called <paramref name="name"/>, or null.</summary>
    public static ScenarioFile? File(string name)
        => TextOf(name) is { } text ? ScenarioFile.Load(new Diagnostics(name + Extension, text), name) : null;

    /// <summary>The text of the file called <paramref name="name"/>, or null.</summary>
    public static string? TextOf(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name + Extension);
        if (stream == null)
            return null;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
