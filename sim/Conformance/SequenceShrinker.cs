namespace Fscrypt.Sim.Conformance;

/// <summary>
/// The smallest part of a sequence that still differs. Delta debugging (Zeller and Hildebrandt 2002) over steps: halves, quarters …
/// are left out as long as what is left differs, until no single step can go. Nothing that is left was changed, so it is itself a
/// sequence of the same kind.
/// </summary>
internal static class SequenceShrinker
{
    /// <summary>Shrinks.</summary>
    /// <param name="steps">Steps that differ.</param>
    /// <param name="differs">Whether some of them, in their order, differ.</param>
    public static IReadOnlyList<T> Shrink<T>(IReadOnlyList<T> steps, Func<IReadOnlyList<T>, bool> differs)
    {
        for (var length = Math.Max(1, steps.Count / 2); ; length = Math.Max(1, length / 2))
        {
            var before = steps.Count;
            for (var at = 0; at < steps.Count;)
            {
                // From the end on: later steps depend on earlier ones.
                var end = steps.Count - at;
                T[] fewer = [.. steps.Take(Math.Max(0, end - length)), .. steps.Skip(end)];
                if (differs(fewer))
                    steps = fewer;
                else
                    at += length;
            }

            if (length == 1 && steps.Count == before)
                return steps;
        }
    }
}
