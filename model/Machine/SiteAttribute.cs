namespace Fscrypt.Sim.Model.Machine;

/// <summary>Marks an operation, or a question to the host, that can be taken out where it is called: a lock, a check, an order.</summary>
/// <remarks>Its last two parameters are the caller's name and line, which the compiler fills in.</remarks>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SiteAttribute : Attribute;

/// <summary>A place in the model's code, as the compiler tells it to what is called there.</summary>
/// <param name="Function">The calling method.</param>
/// <param name="Line">The line.</param>
public readonly record struct SiteKey(string Function, int Line);
