using System.Globalization;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>Values as people read them in traces.</summary>
internal static class Display
{
    public static string Of<T>(T value) => value switch
    {
        null => "NULL",
        bool b => b ? "true" : "false",
        KernelObject o => o.Name,
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "NULL",
    };
}
