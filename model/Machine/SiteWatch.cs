namespace Fscrypt.Sim.Model.Machine;

/// <summary>Which sites a run reaches, and the one that is taken out of it. Nothing of this is in a kernel that is whole.</summary>
/// <param name="takenOut">The site to take out, or null: then it only looks.</param>
public sealed class SiteWatch(SiteKey? takenOut = null)
{
    /// <summary>
    /// The rule that is broken where a kernel with something taken out comes to a state that the model has no next step for: an
    /// assertion fails, a pointer is null. In a kernel that is whole that would be a mistake of the model.
    /// </summary>
    public const string Impossible = "impossible-state";

    private readonly HashSet<SiteKey> reached = [];

    /// <summary>The sites that were reached.</summary>
    public IReadOnlySet<SiteKey> Reached => reached;

    internal bool TakesOut(string function, int line)
    {
        var key = new SiteKey(function, line);
        if (takenOut == null)
            reached.Add(key);
        return key == takenOut;
    }
}
