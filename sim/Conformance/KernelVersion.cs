using System.Globalization;
using Fscrypt.Sim.Model.Releases;

namespace Fscrypt.Sim.Conformance;

/// <summary>What a kernel calls itself, and which of the model's releases it is compared with.</summary>
/// <param name="Text">As <c>uname -r</c> prints it: <c>6.18.44-generic</c>.</param>
/// <param name="Major">The number before the first point; 0 if there is none.</param>
/// <param name="Minor">The number after it.</param>
internal readonly record struct KernelVersion(string Text, int Major, int Minor)
{
    private const string Os = "Linux ";

    /// <summary>Reads it; <c>Linux</c> before it, as recordings have it, is left out.</summary>
    public static KernelVersion Of(string text)
    {
        var release = text.StartsWith(Os, StringComparison.Ordinal) ? text[Os.Length..] : text;
        var parts = release.Split('.', '-', '+', ' ');
        return parts.Length > 1 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            ? new KernelVersion(release, major, minor) : new KernelVersion(release, 0, 0);
    }

    /// <summary>The release of the model whose number it has; null if it is one that the model does not know.</summary>
    public KernelRelease? Modelled
    {
        get
        {
            var (major, minor) = (Major, Minor);
            return KernelRelease.All.FirstOrDefault(r => r.Major == major && r.Minor == minor);
        }
    }

    /// <summary>The release that it is compared with: its own, or the last one before it, or the first one of all.</summary>
    public KernelRelease ComparedWith
    {
        get
        {
            var (major, minor) = (Major, Minor);
            return KernelRelease.All.LastOrDefault(r => r.Major < major || (r.Major == major && r.Minor <= minor)) ?? KernelRelease.All[0];
        }
    }

    /// <summary>Whether another one is the same release, stable updates aside.</summary>
    public bool IsOneReleaseWith(KernelVersion other) => Major == other.Major && Minor == other.Minor;
}
