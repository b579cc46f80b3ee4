using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Findings;

/// <summary>A copy of key material, and how long it was in memory.</summary>
/// <param name="Key">What the key is called.</param>
/// <param name="Kind">What of it.</param>
/// <param name="Place">Whose memory it was in: the object and the field.</param>
/// <param name="From">The step that made it; 0: it was there before the first one.</param>
public sealed record Exposure(string Key, SecretKind Kind, string Place, int From)
{
    /// <summary>The step that wiped it; null if it was there to the end.</summary>
    public int? Until { get; internal set; }

    /// <summary>The step in which its memory was freed while it was still there, or null.</summary>
    public int? Freed { get; internal set; }
}

/// <summary>Follows the copies of key material through an execution: after each step all memory is looked through.</summary>
internal sealed class Exposures(KernelHost host)
{
    private readonly Dictionary<(KernelObject Owner, string Field, SecretKind Kind, int Key), Exposure> open = [];
    private readonly List<Exposure> all = [];

    /// <summary>All copies, those that came first first.</summary>
    public IReadOnlyList<Exposure> All => all;

    /// <summary>A step is over.</summary>
    /// <param name="step">Its number; 0 before the first.</param>
    public void Look(int step)
    {
        var gone = open.Keys.ToHashSet();
        foreach (var (owner, field, key, kind) in Inspection.Secrets(host))
        {
            var place = (owner, field, kind, key);
            gone.Remove(place);
            if (!open.TryGetValue(place, out var exposure))
            {
                open.Add(place, exposure = new Exposure(host.Secrets.NameOf(key), kind, $"{owner.Name}.{field}", step));
                all.Add(exposure);
            }

            if (!owner.IsAlive)
                exposure.Freed ??= step;
        }

        foreach (var place in gone)
        {
            open[place].Until = step;
            open.Remove(place);
        }
    }
}
