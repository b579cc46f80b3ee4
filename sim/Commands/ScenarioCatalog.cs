using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Commands;

/// <summary>The scenarios that the command line knows by name, and files.</summary>
public sealed class ScenarioCatalog
{
    private const string Extension = ".scenario";

    private readonly Func<string, (ScenarioFile? File, Scenario? Scenario)> find;

    private ScenarioCatalog(IReadOnlyList<string> names, Func<string, (ScenarioFile?, Scenario?)> find)
    {
        Names = names;
        this.find = find;
    }

    /// <summary>The library that comes with the program.</summary>
    public static ScenarioCatalog Library { get; } = new(ScenarioLibrary.Names, name => (ScenarioLibrary.File(name), null));

    /// <summary>The names.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Those that are compared when none is named: the ones of no folder.</summary>
    public IEnumerable<Scenario> Compared => Names.Where(n => !n.Contains('/')).Select(Find);

    /// <summary>Scenarios that are written in C#.</summary>
    public static ScenarioCatalog Of(IReadOnlyList<Scenario> scenarios)
        => new([.. scenarios.Select(s => s.Name)], name => (null, scenarios.FirstOrDefault(s => s.Name == name)));

    /// <summary>The scenario that an argument means: a file that exists, or a name, with or without the file's ending.</summary>
    /// <exception cref="UsageException">There is none, or something is wrong with it, or the model lacks something for it.</exception>
    public Scenario Find(string given)
    {
        if (File.Exists(given))
            return RunnableOf(ScenarioFile.Load(ScenarioFiles.Read([given])[0]));
        var name = given.EndsWith(Extension, StringComparison.Ordinal) ? given[..^Extension.Length] : given;
        var (file, scenario) = Names.Contains(name) ? find(name) : default;
        if (file != null)
            return RunnableOf(file);
        if (scenario != null)
            return scenario;
        var message = Nearest.Message("scenario", name, Names);
        throw new UsageException(name == given && !given.Contains('/') ? message : $"no file '{given}', and {message}");
    }

    /// <summary>A line of the list: name, and what there is to be said of it.</summary>
    public (string Name, string Summary) LineOf(string name)
    {
        var (file, scenario) = find(name);
        if (file == null)
            return (name, scenario!.Title);
        var source = file.Source == null ? "" : $" [{file.Source}]";
        var missing = file.Missing.Select(m => m.What).Distinct().ToList();
        var lacks = missing.Count == 0 ? "" : $" (not modelled yet: {string.Join(", ", missing)})";
        return (name, file.Title + source + lacks);
    }

    /// <summary>The scenario of a file.</summary>
    /// <exception cref="UsageException">Something is wrong with it, or the model lacks something for it.</exception>
    public static Scenario RunnableOf(ScenarioFile file) => file.Scenario
        ?? throw new UsageException(file.Diagnostics.Any ? file.Diagnostics.Format() : file.MissingText, isWhole: true);
}
