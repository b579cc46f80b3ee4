namespace Fscrypt.Sim.Model.Vfs;

/// <summary>What a rename does with a name that is there already: the flags of renameat2.</summary>
public enum RenameKind
{
    /// <summary>It goes: no flag.</summary>
    Replace,

    /// <summary>It stays, and the rename fails: RENAME_NOREPLACE.</summary>
    NoReplace,

    /// <summary>It must be there, and the two change places: RENAME_EXCHANGE.</summary>
    Exchange,
}
