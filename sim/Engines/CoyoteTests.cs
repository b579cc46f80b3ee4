using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Eviction;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Scenarios;
using Microsoft.Coyote.SystematicTesting;

namespace Fscrypt.Sim.Engines;

/// <summary>
/// Scenarios of the library as tests for Coyote's own command line: <c>coyote test Fscrypt.Sim.dll -m RemoveVsWrite</c>.
/// The kernel is chosen by the environment variables FSCRYPT_SIM_DESIGN and FSCRYPT_SIM_RELEASE. See docs/COYOTE.md.
/// </summary>
public static class CoyoteTests
{
    private const string ScenarioVariable = "FSCRYPT_SIM_SCENARIO";
    private const string DesignVariable = "FSCRYPT_SIM_DESIGN";
    private const string ReleaseVariable = "FSCRYPT_SIM_RELEASE";

    // The tool runs one test method of one assembly in a process, iteration after iteration.
    private static KernelConfiguration? configuration;
    private static Scenario? prepared;
    private static CoyoteExecution? execution;

    /// <summary>Reads the environment before any iteration, so that a mistake in it is no bug of the kernel's.</summary>
    [TestInit]
    public static void ReadEnvironment()
    {
        configuration = new KernelConfiguration
        {
            Design = Variable(DesignVariable, Design.Named, Design.DropInode, Design.All.Select(d => d.Name)),
            Release = Variable(ReleaseVariable, KernelRelease.Named, KernelRelease.Default, KernelRelease.All.Select(r => r.Name)),
        };
    }

    [Test]
    public static void RemoveVsWrite() => Run("remove-vs-write");

    [Test]
    public static void RemoveVsOpen() => Run("remove-vs-open");

    [Test]
    public static void RemoveVsUnlock() => Run("remove-vs-unlock");

    /// <summary>The scenario that the environment variable FSCRYPT_SIM_SCENARIO names.</summary>
    [Test]
    public static void FromEnvironment() => Run(Environment.GetEnvironmentVariable(ScenarioVariable) ?? "");

    /// <summary>One iteration of a scenario, for test methods of other assemblies.</summary>
    public static void Run(Scenario scenario)
    {
        if (configuration == null)
            ReadEnvironment();
        if (prepared != scenario)
        {
            execution = new CoyoteExecution(scenario, configuration!, stepsMax: 1_000_000);
            prepared = scenario;
        }

        execution!.Run();
    }

    /// <summary>Ends the threads of an iteration. An assembly with test methods of its own needs such a method as well.</summary>
    [TestIterationDispose]
    public static void EndIteration() => execution?.End();

    private static void Run(string name)
        => Run(ScenarioLibrary.Named(name) ?? throw Unknown("scenario", name, ScenarioLibrary.All.Select(s => s.Name)));

    private static T Variable<T>(string variable, Func<string, T?> named, T otherwise, IEnumerable<string> all)
        where T : class
        => Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } name ? otherwise
            : named(name) ?? throw Unknown(variable, name, all);

    private static InvalidOperationException Unknown(string what, string name, IEnumerable<string> all)
        => new($"{what} '{name}' is none of: {string.Join(", ", all)}");
}
