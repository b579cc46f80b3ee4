namespace Fscrypt.Sim.Model.Vfs;

/// <summary>The capabilities that decide anything here.</summary>
[Flags]
public enum Capabilities
{
    None = 0,

    /// <summary>CAP_SYS_ADMIN: keys of version 1, REMOVE_ALL_USERS.</summary>
    SysAdmin = 1 << 0,

    /// <summary>CAP_FOWNER: policies of directories that are somebody else's, and of keys that are not one's own.</summary>
    Fowner = 1 << 1,
}

/// <summary>
/// The users, as struct cred has them. The kernel's calls get a user's place in this table: 0 is root, who has all
/// capabilities. Whoever is not in it has a number of his own and no capability.
/// </summary>
public sealed class Users
{
    private readonly List<(Capabilities Granted, uint Id)> known = [(Capabilities.SysAdmin | Capabilities.Fowner, 0)];

    /// <summary>Users there can be: the bits of a key's claims.</summary>
    public const int Max = 64;

    /// <summary>How many were entered.</summary>
    public int Count => known.Count;

    /// <summary>Enters a user.</summary>
    /// <param name="granted">His capabilities.</param>
    /// <param name="id">His uid.</param>
    /// <returns>His place.</returns>
    public int Add(Capabilities granted, uint id)
    {
        known.Add((granted, id));
        return known.Count - 1;
    }

    /// <summary>capable(): whether a user has a capability.</summary>
    public bool Has(int user, Capabilities capability) => user < known.Count && (known[user].Granted & capability) != 0;

    /// <summary>A user's uid; who was never entered is called by his place.</summary>
    public uint IdOf(int user) => user < known.Count ? known[user].Id : (uint)user;
}
