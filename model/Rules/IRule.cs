namespace Fscrypt.Sim.Model.Rules;

/// <summary>What must hold. Rules that can be asked at the end of an execution, when no thread runs; one a file.</summary>
public interface IRule
{
    /// <summary>Its name, as a finding and <c>list rules</c> give it.</summary>
    string Name { get; }

    /// <summary>What it says, in one sentence.</summary>
    string Summary { get; }

    /// <summary>Looks at the kernel after the last part, and reports what is wrong. Allocates nothing if nothing is.</summary>
    void CheckAtEnd(Kernel kernel);
}
