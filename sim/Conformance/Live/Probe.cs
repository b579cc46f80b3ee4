using System.Runtime.InteropServices;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>Can sequences run on this machine's kernel?</summary>
internal static class Probe
{
    private const string Off = "off";

    /// <summary>Why not, and what would help; or null if they can.</summary>
    public static string? Refusal()
    {
        if (Environment.GetEnvironmentVariable("CONFORM") == Off)
            return "CONFORM=off";
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return "not Linux on x86-64";
        if (SystemCall.Any(107) != 0)
            return "not root";
        if (!File.Exists("/dev/loop-control"))
            return "no loop device";
        if (!IsInPath("mkfs.ext4"))
            return "no mkfs.ext4: install e2fsprogs";
        if (Directory.Exists("/sys/fs/ext4") && !File.Exists("/sys/fs/ext4/features/encryption"))
            return "kernel without encryption";
        try
        {
            // What is left to fail are namespaces and mounts, which a container may forbid to its root: only trying tells.
            using var leg = new KernelLeg(isSystemWide: false);
            leg.Run(new RecordedSequence("probe", null, []));
            return null;
        }
        catch (LiveException exception)
        {
            return exception.Message;
        }
    }

    private static bool IsInPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Any(d => d.Length > 0 && File.Exists(Path.Combine(d, program)));
}
