using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Model.SystemCalls;

/// <summary>struct statx, as far as it can be told here.</summary>
/// <param name="Type">stx_mode's type.</param>
/// <param name="Label">In place of stx_ino, which no two kernels give alike: the name that it was given last, a number of Disk.FileNameOf.</param>
/// <param name="Links">stx_nlink.</param>
/// <param name="Size">stx_size, in bytes.</param>
/// <param name="IsEncrypted">STATX_ATTR_ENCRYPTED.</param>
public readonly record struct FileStatus(FileType Type, int Label, int Links, int Size, bool IsEncrypted);
