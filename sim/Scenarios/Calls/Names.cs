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
    /// <summary>Keys that a scenario can have beside K1 to K9.</summary>
    public const int OthersMax = Model.Machine.SecretLedger.KeysMax - KeyIdentities.NamedKeys;

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

/// <summary>A path as it is written, taken apart.</summary>
/// <param name="Descriptor">What it is relative to, or null.</param>
/// <param name="IsBelowActor">Whether it is relative to the actor's working directory.</param>
/// <param name="Components">Its names; none for the place itself.</param>
/// <param name="EndsInSlash">Whether a slash comes last.</param>
internal sealed record PathParts(string? Descriptor, bool IsBelowActor, ImmutableArray<string> Components, bool EndsInSlash);

/// <summary>Paths as files write them.</summary>
internal static class Paths
{
    private const int ComponentMax = 255;
    private const string Actors = "cwd:";
    private const string Descriptors = "fd:";

    /// <summary>What is wrong with a path, or null.</summary>
    public static string? MistakeIn(string path)
    {
        if (path.StartsWith(Descriptors, StringComparison.Ordinal) && path.IndexOf('/', StringComparison.Ordinal) <= Descriptors.Length)
            return $"'{path}': a path relative to a descriptor is fd:D/NAME";
        var rest = RestOf(path);
        if (rest is "/" or ".")
            return null;
        if (rest.Length == 0)
            return "the path is empty; the root is '.'";
        if (rest[0] == '/')
            return $"'{path}': paths are relative to the root of the file system: leave the first '/' out";
        if (WithoutSlash(rest).Split('/').Any(c => c.Length == 0))
            return $"'{path}' has an empty component";
        return rest.Split('/').Any(c => c.Length > ComponentMax) ? $"a component has more than {ComponentMax} characters" : null;
    }

    /// <summary>Takes a path without mistakes apart.</summary>
    public static PathParts PartsOf(string path)
    {
        var descriptor = path.StartsWith(Descriptors, StringComparison.Ordinal)
            ? path[Descriptors.Length..path.IndexOf('/', StringComparison.Ordinal)] : null;
        var isBelowActor = path.StartsWith(Actors, StringComparison.Ordinal);
        var rest = RestOf(path);
        ImmutableArray<string> components = rest == "/" || (rest == "." && descriptor == null && !isBelowActor) ? []
            : [.. WithoutSlash(rest).Split('/')];
        return new PathParts(descriptor, isBelowActor, components, rest.Length > 1 && rest.EndsWith('/'));
    }

    /// <summary>Whether a path is plain: from the root, and of plaintext names.</summary>
    public static bool IsPlain(string path)
        => PartsOf(path) is { Descriptor: null, IsBelowActor: false, EndsInSlash: false } parts
            && parts.Components.All(c => c[0] != '@' && c is not (".." or "."));

    /// <summary>The components of a path from the root; none for the root itself.</summary>
    public static ImmutableArray<string> ComponentsOf(string path) => PartsOf(path).Components;

    private static string RestOf(string path)
        => path.StartsWith(Actors, StringComparison.Ordinal) ? path[Actors.Length..]
            : path.StartsWith(Descriptors, StringComparison.Ordinal) ? path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..] : path;

    private static string WithoutSlash(string path) => path.EndsWith('/') ? path[..^1] : path;
}
