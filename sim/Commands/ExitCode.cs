namespace Fscrypt.Sim.Commands;

/// <summary>What the program returns to its caller. 0 to 3 are also Coyote's.</summary>
public static class ExitCode
{
    /// <summary>Nothing bad within what was covered.</summary>
    public const int Good = 0;

    /// <summary>A mistake in the command line or in a file.</summary>
    public const int Usage = 1;

    /// <summary>A rule or an expectation is violated.</summary>
    public const int Violated = 2;

    /// <summary>A mistake of the simulator itself.</summary>
    public const int InternalError = 3;

    /// <summary>Undecided: sampling that found nothing, or a budget that was spent.</summary>
    public const int Undecided = 4;
}

/// <summary>What the user asked for cannot be done; the message says why, and what can.</summary>
/// <param name="message">What the user reads.</param>
/// <param name="isWhole">Whether the message is all there is to print: lines that name a file and a place.</param>
public sealed class UsageException(string message, bool isWhole = false) : Exception(message)
{
    /// <summary>The lines to print.</summary>
    public string Text => isWhole ? Message : $"fscrypt-sim: {Message}\n";
}
