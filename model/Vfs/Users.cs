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
    private readonly List<Capabilities> capabilities = [Capabilities.SysAdmin | Capabilities.Fowner];

    /// <summary>Users there can be: the bits of a key's claims.</summary>
    public const int Max = 64;

    /// <summary>Enters a user.</summary>
    /// <returns>His place.</returns>
    public int Add(Capabilities granted)
    {
        capabilities.Add(granted);
        return capabilities.Count - 1;
    }

    /// <summary>capable(): whether a user has a capability.</summary>
    public bool Has(int user, Capabilities capability) => user < capabilities.Count && (capabilities[user] & capability) != 0;
}
