namespace Fscrypt.Sim.Conformance.Live;

/// <summary>The running kernel did not do what the surroundings of a sequence need, which says nothing about the sequence.</summary>
/// <param name="message">What failed, and how.</param>
internal sealed class LiveException(string message) : Exception(message)
{
    /// <summary>The result of a system call that has to succeed.</summary>
    /// <exception cref="LiveException">It failed.</exception>
    public static long Checked(long result, string what)
        => result >= 0 ? result : throw new LiveException($"{what}: {SystemCall.NameOf(result)}");
}

/// <summary>The set-up of a race came to something else on the running kernel: the race would be about something else.</summary>
/// <param name="message">Which operation, and what it gives.</param>
internal sealed class RaceSetupException(string message) : Exception(message);
