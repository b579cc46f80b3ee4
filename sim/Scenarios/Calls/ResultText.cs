using System.Globalization;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>Results as canonical text, without making strings: <c>OK</c>, <c>ENOKEY</c>, <c>OK[FILES_BUSY]</c>, <c>PRESENT[users=1,self]</c>.</summary>
internal static class ResultText
{
    private static readonly Errno[] Errors = Enum.GetValues<Errno>();
    private static readonly string[] ErrorNames = [.. Errors.Select(e => e.ToString())];

    private static readonly string[] UserCounts =
        [.. Enumerable.Range(0, Users.Max + 1).Select(n => string.Create(CultureInfo.InvariantCulture, $"PRESENT[users={n}"))];

    /// <summary>The name of an error; OK for none.</summary>
    public static string Of(Errno error) => ErrorNames[Array.IndexOf(Errors, error)];

    /// <summary>What a removal that succeeded says.</summary>
    public static string Of(RemovalFlags flags) => flags switch
    {
        RemovalFlags.None => "OK",
        RemovalFlags.FilesBusy => "OK[FILES_BUSY]",
        RemovalFlags.OtherUsers => "OK[OTHER_USERS]",
        _ => "OK[FILES_BUSY,OTHER_USERS]",
    };

    /// <summary>The status of a key, without whose it is.</summary>
    public static string Of(KeyStatus status) => status switch
    {
        KeyStatus.Absent => "ABSENT",
        KeyStatus.Present => "PRESENT",
        _ => "INCOMPLETELY_REMOVED",
    };

    /// <summary>All that GET_POLICY_EX answers.</summary>
    public static string Of(EncryptionPolicy policy, KeyIdentities identities) => string.Create(
        CultureInfo.InvariantCulture,
        $"OK[size={policy.Size},version={policy.Version},contents={policy.ContentsMode},names={policy.NamesMode},flags={policy.Flags},"
        + $"key={Keys.NameOf(policy.Key, identities)}]");

    /// <summary>Puts all that GET_KEY_STATUS answers into a register.</summary>
    public static void Put(Register register, in KeyStatusAnswer answer)
    {
        if (answer.Status == KeyStatus.Present)
            register.Set(UserCounts[answer.UserCount], answer.AddedBySelf ? ",self]" : "]");
        else
            register.Set(Of(answer.Status));
    }
}

/// <summary>What files are, as texts, each made once.</summary>
internal sealed class StatusTexts
{
    private readonly Dictionary<FileStatus, string> texts = [];

    /// <summary><c>file[inode=f,nlink=1,size=5,encrypted]</c>; of a directory without its size.</summary>
    public string Of(FileStatus status, Disk disk)
    {
        if (texts.TryGetValue(status, out var text))
            return text;
        var type = status.Type.ToString().ToLowerInvariant();
        text = string.Create(
            CultureInfo.InvariantCulture,
            $"{(status.Type == FileType.Directory ? "dir" : type)}[inode={(status.Label == 0 ? "?" : disk.FileNameOf(status.Label))},nlink={status.Links}"
            + $"{(status.Type == FileType.Directory ? "" : $",size={status.Size}")}{(status.IsEncrypted ? ",encrypted]" : "]")}");
        texts.Add(status, text);
        return text;
    }
}
