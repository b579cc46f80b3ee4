using Fscrypt.Sim.Engines;
using Microsoft.Coyote.SystematicTesting;

namespace Fscrypt.Sim.Properties.Engines;

/// <summary>What Coyote's command line finds in this assembly.</summary>
public static class CoyoteToolMethods
{
    [Test]
    public static void LostUpdate() => CoyoteTests.Run(SmallScenarios.LostUpdate);

    [Test]
    public static void GuardedUpdate() => CoyoteTests.Run(SmallScenarios.GuardedUpdate);

    [Test]
    public static void LostWakeUp() => CoyoteTests.Run(SmallScenarios.LostWakeUp);

    [Test]
    public static void Throws() => CoyoteTests.Run(SmallScenarios.Throws);

    [TestIterationDispose]
    public static void EndIteration() => CoyoteTests.EndIteration();
}
