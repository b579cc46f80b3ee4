using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.SystemCalls;

namespace Fscrypt.Sim.Scenarios;

/// <summary>A user making system calls on a kernel, with results put into registers.</summary>
public sealed class Actor(Kernel kernel, int user) : KernelObject(kernel.Host)
{
    private Note<OpenFile?> file;

    public override string Name => $"user:{user}";

    private OpenFile File => file.Value ?? throw new InvalidOperationException("the scenario uses a file that is not open");

    /// <summary>Adds a key.</summary>
    public async KTask AddKey(int key, Register? result = null)
    {
        var error = await kernel.Calls.AddKey(key, user);
        result?.Set(Text.Of(error));
    }

    /// <summary>Removes a key.</summary>
    public async KTask RemoveKey(int key, Register? result = null)
    {
        var (error, flags) = await kernel.Calls.RemoveKey(key, user);
        result?.Set(error == Errno.OK ? Text.Of(flags) : Text.Of(error));
    }

    /// <summary>Asks for the status of a key.</summary>
    public async KTask Status(int key, Register result)
    {
        var answer = await kernel.Calls.KeyStatus(key, user);
        result.Set(Text.Of(answer.Status));
    }

    /// <summary>Opens a file.</summary>
    public async KTask Open(int[] path, Register? result = null)
    {
        var (error, opened) = await kernel.Calls.Open(path);
        file.Value = opened;
        result?.Set(Text.Of(error));
    }

    /// <summary>Writes a text to the open file.</summary>
    public async KTask Write(int text, Register? result = null)
    {
        var error = await kernel.Calls.Write(File, text);
        result?.Set(Text.Of(error));
    }

    /// <summary>Closes the open file.</summary>
    public async KTask Close(Register? result = null)
    {
        var error = await kernel.Calls.Close(File);
        file.Value = null;
        result?.Set(Text.Of(error));
    }

    /// <summary>Opens a file, reads it, and closes it; the result is the text, or the error of open.</summary>
    public async KTask Cat(int[] path, Register result)
    {
        var (error, opened) = await kernel.Calls.Open(path);
        if (error != Errno.OK)
        {
            result.Set(Text.Of(error));
            return;
        }

        var data = await kernel.Calls.Read(opened!);
        await kernel.Calls.Close(opened!);
        result.Set(kernel.Disk.TextOf(data));
    }
}

/// <summary>Results as canonical text, without making strings.</summary>
internal static class Text
{
    private static readonly Errno[] Errors = Enum.GetValues<Errno>();
    private static readonly string[] ErrorNames = [.. Errors.Select(e => e.ToString())];

    public static string Of(Errno error) => ErrorNames[Array.IndexOf(Errors, error)];

    public static string Of(RemovalFlags flags) => flags switch
    {
        RemovalFlags.None => "OK",
        RemovalFlags.FilesBusy => "OK[FILES_BUSY]",
        RemovalFlags.OtherUsers => "OK[OTHER_USERS]",
        _ => "OK[FILES_BUSY,OTHER_USERS]",
    };

    public static string Of(KeyStatus status) => status switch
    {
        KeyStatus.Absent => "ABSENT",
        KeyStatus.Present => "PRESENT",
        _ => "INCOMPLETELY_REMOVED",
    };
}
