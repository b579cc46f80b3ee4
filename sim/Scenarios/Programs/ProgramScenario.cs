using System.Collections.Immutable;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios.Conditions;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>A scenario that is a program of shared variables: it has no kernel.</summary>
/// <param name="Name">As the command line takes it.</param>
/// <param name="Title">One line.</param>
/// <param name="Code">The program.</param>
/// <param name="Expected">What is expected of it.</param>
public sealed record ProgramScenario(string Name, string Title, ProgramCode Code, ImmutableArray<ExpectationSyntax> Expected)
    : Scenario(Name, Title)
{
    public override bool HasKernel => false;

    public override ScenarioInstance Bind(KernelHost host, KernelConfiguration configuration)
    {
        var program = ProgramInstance.Create(host, Code);
        return new ScenarioInstance
        {
            Threads = program.Threads,
            Registers = program.Registers,
            Expectations = ExpectationsOf(program.Registers, () => host.Deadlocked),
            Collect = program.Collect,
        };
    }

    /// <summary>What is expected, as conditions that can be asked.</summary>
    /// <param name="registers">The outcome, which <see cref="ProgramInstance.NamesOf"/> names.</param>
    /// <param name="deadlocked">Whether it is that of a deadlock.</param>
    internal Expectation[] ExpectationsOf(IReadOnlyList<Register> registers, Func<bool> deadlocked)
    {
        var conditions = new ConditionCompiler(new ProgramScope(registers, deadlocked), new Diagnostics(Name, ""));
        return [.. Expected.Select(conditions.Bind)];
    }
}
