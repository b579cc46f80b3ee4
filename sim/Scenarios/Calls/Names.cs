using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>Who makes system calls.</summary>
/// <param name="Name">As the file calls him.</param>
/// <param name="Id">His uid.</param>
/// <param name="Capabilities">What he may do.</param>
internal sealed record User(string Name, long Id, Capabilities Capabilities = Capabilities.None);

/// <summary>The users that are there without being declared.</summary>
internal static class Users
{
    /// <summary>root, who has all capabilities, and two who have none.</summary>
    public static ImmutableArray<User> Known { get; } = [new("root", 0), new("alice", 1001), new("bob", 1002)];

    /// <summary>Capabilities that decide something.</summary>
    public static ImmutableArray<string> Capabilities { get; } = ["sys_admin", "fowner"];

    /// <summary>Users that one scenario can have: the bits of a key's claims.</summary>
    public const int Max = 64;

    /// <summary>The users of a scenario; the model knows them by their place.</summary>
    public static ImmutableArray<User> Of(ScenarioSyntax scenario)
        => [.. Known, .. scenario.Users.Select(u => new User(u.Name.Text, u.Id, u.Capabilities.Aggregate(Model.Vfs.Capabilities.None, (all, c) => all | Named(c.Text))))];

    private static Capabilities Named(string capability) => capability == "sys_admin" ? Model.Vfs.Capabilities.SysAdmin : Model.Vfs.Capabilities.Fowner;
}

/// <summary>Keys as files name them: <c>K1</c>, <c>K1.32</c>.</summary>
internal static class Keys
{
    // More bytes than this are no better than these for being refused.
    private const int SizeMax = 4_096;

    /// <summary>Whether a word names a key.</summary>
    public static bool IsKey(string word)
        => word.Length >= 2 && word[0] == 'K' && word[1] is >= '1' and <= '9'
            && (word.Length == 2
                || (word[2] == '.' && int.TryParse(word.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= SizeMax));

    /// <summary>Whether it is the key with all its bytes.</summary>
    public static bool IsWhole(string word) => IsKey(word) && word.Length == 2;

    /// <summary>The number that the model has for a key, from 0.</summary>
    public static int NumberOf(string word) => word[1] - '1';

    /// <summary>Its bytes.</summary>
    public static byte[] BytesOf(string word)
        => KeyIdentities.BytesOfNamed(NumberOf(word), word.Length == 2 ? KeyIdentities.RawSizeMax : int.Parse(word.AsSpan(3), CultureInfo.InvariantCulture));

    /// <summary>What a key of version 1 is called by.</summary>
    public static ReadOnlySpan<byte> DescriptorOf(string word) => Encoding.ASCII.GetBytes($"desc{word[..2]}__");

    /// <summary>The specifier of a key, whose raw bytes the model knows from now on by their name.</summary>
    public static int SpecifierOf(string word, bool isDescriptor, KeyIdentities identities)
        => isDescriptor ? identities.Specifier(KeyIdentities.Descriptor, DescriptorOf(word)) : identities.IdentifierOf(identities.Raw(BytesOf(word)));

    /// <summary>What a policy's key is called by in a file.</summary>
    public static string NameOf(int specifier, KeyIdentities identities)
    {
        var name = identities.NameOf(specifier);
        return identities.IsDescriptor(specifier) && name.StartsWith("desc:descK", StringComparison.Ordinal) ? name[9..11] : name;
    }

    /// <summary>The argument of an operation on a key, as it stands before bytes of it are overwritten.</summary>
    public static KeyArgument ArgumentOf(string operation, string word, bool isDescriptor, KeyIdentities identities)
    {
        var type = isDescriptor ? KeyIdentities.Descriptor : KeyIdentities.Identifier;
        var name = identities.BytesOf(SpecifierOf(word, isDescriptor, identities));
        return operation switch
        {
            "add_key" => KeyArgument.Add(type, isDescriptor ? name : default, BytesOf(word)),
            "status" => KeyArgument.Status(type, name),
            _ => KeyArgument.Remove(type, name),
        };
    }

    /// <summary>Bytes of the argument of an operation on a key that may be overwritten.</summary>
    public static int SizeOfArgument(string operation) => operation switch
    {
        "add_key" => KeyArgument.AddSize,
        "status" => KeyArgument.StatusSize,
        _ => KeyArgument.RemoveSize,
    };
}

/// <summary>Paths as files write them.</summary>
internal static class Paths
{
    private const int ComponentMax = 255;

    /// <summary>What is wrong with a path, or null.</summary>
    public static string? MistakeIn(string path)
    {
        var rest = path.StartsWith("cwd:", StringComparison.Ordinal) ? path[4..] : path;
        if (path.StartsWith("fd:", StringComparison.Ordinal))
        {
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 3)
                return $"'{path}': a path relative to a descriptor is fd:D/NAME";
            rest = path[(slash + 1)..];
        }

        if (rest is "/" or ".")
            return null;
        if (rest.Length == 0)
            return "the path is empty; the root is '.'";
        if (rest[0] == '/')
            return $"'{path}': paths are relative to the root of the file system: leave the first '/' out";
        if (rest.Split('/').Any(c => c.Length == 0))
            return $"'{path}' has an empty component";
        return rest.Split('/').Any(c => c.Length > ComponentMax) ? $"a component has more than {ComponentMax} characters" : null;
    }

    /// <summary>Whether a path is plain: from the root, and of plaintext names.</summary>
    public static bool IsPlain(string path) => IsFromRoot(path) && ComponentsOf(path).All(c => c[0] != '@');

    /// <summary>Whether a path begins at the root, and only goes down.</summary>
    public static bool IsFromRoot(string path)
        => !path.StartsWith("fd:", StringComparison.Ordinal) && !path.StartsWith("cwd:", StringComparison.Ordinal)
            && ComponentsOf(path).All(c => c is not (".." or "."));

    /// <summary>The components of a path from the root; none for the root itself.</summary>
    public static ImmutableArray<string> ComponentsOf(string path) => path is "." or "/" ? [] : [.. path.Split('/')];
}
