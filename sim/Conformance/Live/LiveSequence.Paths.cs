using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Fscrypt.Sim.Conformance.Live;

// What is done to paths.
internal sealed partial class LiveSequence
{
    private static readonly Dictionary<string, int> OpenFlags = new(StringComparer.Ordinal)
    {
        ["r"] = SystemCall.ReadOnly, ["w"] = SystemCall.WriteOnly, ["rw"] = SystemCall.ReadWrite, ["creat"] = SystemCall.Create,
        ["excl"] = SystemCall.Exclusive, ["trunc"] = SystemCall.Truncate, ["append"] = SystemCall.Append, ["dir"] = SystemCall.Directory,
        ["path"] = SystemCall.PathOnly, ["nofollow"] = SystemCall.NoFollow,
    };

    private JsonObject DoToPath(RecordedStep step, StepArguments a)
    {
        // The new file comes last where there are two arguments.
        var (directory, path) = Place(step, step.Op is "open" or "tmpfile" or "linkfd" or "symlink" ? a[1] : a[0]);
        switch (step.Op)
        {
            case "mkdir":
                return Made(SystemCall.At(258, directory, path, 0x1ff), a[0], directory, path);
            case "mknod":
                // A device that nothing drives: the unnamed major 0 has none.
                return Made(SystemCall.At(259, directory, path, 0x2000 | 0x1b6), a[0], directory, path);
            case "symlink":
                names.Told(Beneath(a[0]));
                return Made(SystemCall.Symlink(a[0], directory, path), a[1], directory, path);
            case "rmdir":
                return Answer.Of(SystemCall.At(263, directory, path, SystemCall.AtRemoveDirectory));
            case "unlink":
                return Answer.Of(SystemCall.At(263, directory, path));
            case "create":
                return CreateFile(a, directory, path);
            case "open":
                return OpenFile(a, directory, path);
            case "tmpfile":
                return Opened(a[0], Nameless(SystemCall.Open(directory, path, SystemCall.ReadWrite | SystemCall.Temporary)));
            case "cat":
                return WithOpen(directory, path, SystemCall.ReadOnly, f =>
                {
                    var answer = Read(f, DataMax, 0);
                    if (answer["ret"]!.GetValue<string>() != "OK")
                        answer["stage"] = "read";
                    return answer;
                });
            case "append":
                return WithOpen(directory, path, SystemCall.WriteOnly | SystemCall.Append,
                    f => Answer.Of(SystemCall.Write(f, Encoding.ASCII.GetBytes(a[1]))));
            case "ls":
                return WithOpen(directory, path, SystemCall.ReadOnly | SystemCall.Directory, List);
            case "lstat":
                return Stat(directory, path, SystemCall.AtSymlinkNoFollow);
            case "readlink":
                return ReadLink(a, directory, path);
            case "link":
                return Linked(SystemCall.AtBoth(265, (directory, path), Place(step, a[1]), 0), a[1]);
            case "linkfd":
                return LinkDescriptor(a, directory, path);
            case "rename":
                return Rename(a, (directory, path), Place(step, a[1]));
            case "chmod":
                return Answer.Of(SystemCall.At(268, directory, path, Convert.ToInt32(a[1], 8)));
            case "chown":
                return ChangeOwner(directory, path, Amount(a[1]));
            case "chdir":
                return ChangeDirectory(step, a[0], directory, path);
        }

        // The rest has no form that begins at a descriptor.
        if (directory != SystemCall.AtCurrentDirectory)
            throw new NotExpressibleException($"'{step.Text}': {step.Op} takes no descriptor to begin at");
        return step.Op switch
        {
            "truncate" => Answer.Of(SystemCall.WithText(76, path, Amount(a[1]))),
            "statfs" => Answer.Of(SystemCall.WithText(137, path, Address(GC.AllocateArray<byte>(256, pinned: true)))),
            "setxattr" => Answer.Of(Attribute(188, path, "v"u8)),
            "getxattr" => Answer.Of(Attribute(191, path, new byte[8])),
            _ => throw new NotExpressibleException($"'{step.Op}' is not to be had on a running kernel"),
        };
    }

    private JsonObject Made(long result, string path, int directory, string resolved)
    {
        if (IsRacing)
            return Linked(result, path);
        if (result >= 0 && SystemCall.Stat(directory, resolved, SystemCall.AtSymlinkNoFollow, out var state) >= 0)
            names.Made(path, state.Inode);
        return Answer.Of(result);
    }

    private JsonObject CreateFile(StepArguments a, int directory, string path)
    {
        var file = SystemCall.Open(directory, path, SystemCall.WriteOnly | SystemCall.Create | SystemCall.Exclusive);
        if (file < 0)
            return Answer.Of(file);
        if (SystemCall.Stat(file, "", SystemCall.AtEmptyPath, out var state) >= 0)
            names.Made(a[0], state.Inode);
        var result = a.Count > 1 ? SystemCall.Write(file, Encoding.ASCII.GetBytes(a[1])) : 0;
        SystemCall.Close(file);
        return Answer.Of(result);
    }

    private JsonObject OpenFile(StepArguments a, int directory, string path)
    {
        var flags = a.Count < 3 ? SystemCall.ReadOnly : a[2].Split(',').Aggregate(0, (all, f) => all | OpenFlags.GetValueOrDefault(f));
        var file = SystemCall.Open(directory, path, flags);
        if (file >= 0 && (flags & SystemCall.Create) != 0 && SystemCall.Stat(file, "", SystemCall.AtEmptyPath, out var state) >= 0)
        {
            if ((flags & SystemCall.Exclusive) != 0)
                names.Made(a[1], state.Inode);
            else
                names.MayBeMade(a[1], state.Inode);
        }

        return Opened(a[0], file);
    }

    private int Nameless(int file)
    {
        if (file >= 0 && SystemCall.Stat(file, "", SystemCall.AtEmptyPath, out var state) >= 0)
            names.MadeNameless(state.Inode);
        return file;
    }

    private static JsonObject WithOpen(int directory, string path, int flags, Func<int, JsonObject> use)
    {
        var file = SystemCall.Open(directory, path, flags);
        if (file < 0)
            return Answer.Failed(file, "open");
        try
        {
            return use(file);
        }
        finally
        {
            SystemCall.Close(file);
        }
    }

    private JsonObject ReadLink(StepArguments a, int directory, string path)
    {
        var result = SystemCall.ReadLink(directory, path, out var target);
        var isKnown = names.IsPlain(target) || a.Option("raw") != null || (a.Count > 1 && target == a[1]);
        return Answer.With(result, "target", isKnown ? target : "ciphertext");
    }

    private JsonObject Linked(long result, string path)
    {
        if (result >= 0)
            names.Linked(path);
        return Answer.Of(result);
    }

    private JsonObject LinkDescriptor(StepArguments a, int directory, string path)
    {
        var result = files.LinkDescriptor(Descriptor(a[0]), directory, path);
        if (IsRacing)
            return Linked(result, a[1]);
        if (result >= 0 && SystemCall.Stat(directory, path, SystemCall.AtSymlinkNoFollow, out var state) >= 0)
            names.MayBeMade(a[1], state.Inode);
        return Answer.Of(result);
    }

    private JsonObject Rename(StepArguments a, (int Directory, string Path) from, (int Directory, string Path) to)
    {
        var flags = a.Option("flags") switch { "noreplace" => 1, "exchange" => 2, _ => 0 };
        var result = SystemCall.AtBoth(316, from, to, flags);
        if (IsRacing)
            return Linked(result, a[1]);
        if (result < 0 || (flags == 2 && AreOneFile(from, to)))
            return Answer.Of(result);
        Called(a[1], to);
        if (flags == 2)
            Called(a[0], from);
        return Answer.Of(result);
    }

    private static bool AreOneFile((int Directory, string Path) one, (int Directory, string Path) other)
        => SystemCall.Stat(one.Directory, one.Path, SystemCall.AtSymlinkNoFollow, out var first) >= 0
            && SystemCall.Stat(other.Directory, other.Path, SystemCall.AtSymlinkNoFollow, out var second) >= 0 && first.Inode == second.Inode;

    // A file is called by the name that it got last, unless that is a no-key name.
    private void Called(string path, (int Directory, string Path) place)
    {
        if (!path.Contains('@', StringComparison.Ordinal)
            && SystemCall.Stat(place.Directory, place.Path, SystemCall.AtSymlinkNoFollow, out var state) >= 0)
        {
            names.Made(path, state.Inode);
        }
    }

    private JsonObject ChangeDirectory(RecordedStep step, string path, int directory, string resolved)
    {
        if (directory != SystemCall.AtCurrentDirectory)
            throw new NotExpressibleException($"'{step.Text}': chdir takes no descriptor to begin at");
        var result = SystemCall.WithText(80, path == "/" ? "/" : resolved);
        if (result >= 0)
            moved.Add(step.Actor);
        return Answer.Of(result);
    }

    private static unsafe JsonObject ChangeOwner(int directory, string path, long owner)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0"))
            return Answer.Of(SystemCall.Any(260, directory, (long)p, owner, -1, SystemCall.AtSymlinkNoFollow));
    }

    private static unsafe long Attribute(long number, string path, ReadOnlySpan<byte> value)
    {
        fixed (byte* n = "user.x\0"u8, v = value)
            return SystemCall.WithText(number, path, (long)n, (long)v, value.Length);
    }

    // Of an array that the collector does not move.
    private static unsafe long Address<T>(T[] pinned)
        where T : unmanaged
        => (long)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(pinned));
}
