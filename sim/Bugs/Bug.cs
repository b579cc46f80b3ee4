using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Bugs;

/// <summary>A bug that Linux had: a kernel that has it, the same kernel that has it not, and a scenario that tells them apart.</summary>
/// <param name="Id">What it is called here.</param>
/// <param name="Commit">What repaired it; null where that is not known for certain, or where it was no commit of Linux.</param>
/// <param name="Slug">A short name.</param>
/// <param name="ScenarioName">The operations that race, by the scenario's name.</param>
/// <param name="Rule">What is broken in it: a rule, or an expectation of the scenario.</param>
/// <param name="Broken">The kernel with the bug.</param>
/// <param name="Repaired">The kernel without.</param>
public sealed record Bug(string Id, string? Commit, string Slug, string ScenarioName, string Rule, KernelConfiguration Broken, KernelConfiguration Repaired)
{
    /// <summary>The scenario itself, where it is written in C#; null where it is in the library.</summary>
    public Scenario? Own { get; init; }

    /// <summary>How the kernel with the bug is asked for on the command line.</summary>
    public string Options
    {
        get
        {
            var defaults = new KernelConfiguration();
            var options = $"--release {Broken.Release}";
            if (Broken.Design != defaults.Design)
                options += $" --design {Broken.Design}";
            if (Broken.FileSystem != defaults.FileSystem)
                options += $" --fs {Broken.FileSystem}";
            return Broken.Without.Aggregate(options, (text, fix) => $"{text} --without {fix}") + $" --rule {Rule}";
        }
    }

    /// <summary>A bug that a fix repaired, which is taken out of a kernel that has it.</summary>
    internal static Bug Of(string id, Fix fix, string scenario, string rule, KernelConfiguration? home = null)
    {
        home ??= new KernelConfiguration();
        return new Bug(id, fix.Commit, fix.Slug, scenario, rule, home with { Without = [fix] }, home);
    }
}
