namespace Fscrypt.Sim.Model;

/// <summary>The version of the model. A trace is replayed only on the version that it was recorded on.</summary>
public static class ModelVersion
{
    /// <summary>Goes up with each change that gives a schedule another meaning: a point more, an operation less.</summary>
    public const int Current = 4;
}
