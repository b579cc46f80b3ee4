using System.Globalization;

namespace Fscrypt.Sim.Commands;

/// <summary>Words and numbers that several verbs print.</summary>
internal static class Words
{
    /// <summary>The words of herd7 for how often a condition was so.</summary>
    public static string HowOften(long times, long of) => times == 0 ? "Never" : times == of ? "Always" : "Sometimes";

    /// <summary>A number with its thousands apart.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
