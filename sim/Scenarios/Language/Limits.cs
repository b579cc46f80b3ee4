namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>How large a scenario may be. Nobody writes larger ones by hand, and none of it is worth a crash.</summary>
public static class Limits
{
    /// <summary>Bytes of a file.</summary>
    public const int FileBytes = 1 << 20;

    /// <summary>Characters of a line.</summary>
    public const int LineLength = 4_096;

    /// <summary>Characters of a file that are no comments, blank lines or indentation.</summary>
    public const int Characters = 1 << 18;

    /// <summary>Threads, with their copies.</summary>
    public const int Threads = 64;

    /// <summary>Statements; those of a repeat count once.</summary>
    public const int Statements = 10_000;

    /// <summary>Parentheses and indices in one another.</summary>
    public const int Parentheses = 64;

    /// <summary>Blocks in one another.</summary>
    public const int Blocks = 32;
}
