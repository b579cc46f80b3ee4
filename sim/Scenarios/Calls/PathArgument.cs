using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>A path of an operation. One that is relative to a descriptor begins where that stands when the operation runs.</summary>
/// <param name="path">The path.</param>
/// <param name="descriptor">The descriptor, or null.</param>
internal sealed class PathArgument(PathName path, Descriptor? descriptor)
{
    private readonly PathName path = path;
    private readonly Descriptor? descriptor = descriptor;

    /// <summary>The path; false if the descriptor is not open.</summary>
    public bool IsThere(out PathName now)
    {
        now = path;
        if (descriptor == null)
            return true;
        if (descriptor.Slot.File.Value is not { } file)
            return false;
        now = path with { From = file.Dentry.Value };
        return true;
    }
}
