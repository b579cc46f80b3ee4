using System.Reflection;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Findings;

/// <summary>From the compiler's state machine types back to the methods that were written, and to the kernel's functions.</summary>
internal sealed class FunctionNames
{
    private readonly Dictionary<Type, TraceFunction?> known = [];

    /// <summary>The functions with a name, the innermost first. The body of a task, a lambda, has none.</summary>
    public IReadOnlyList<TraceFunction> Of(IReadOnlyList<Type> stateMachines) => [.. stateMachines.Select(Of).OfType<TraceFunction>()];

    private TraceFunction? Of(Type stateMachine)
    {
        if (!known.TryGetValue(stateMachine, out var function))
            known[stateMachine] = function = Find(stateMachine);
        return function;
    }

    private static TraceFunction? Find(Type stateMachine)
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic
            | BindingFlags.DeclaredOnly;
        var definition = stateMachine.IsGenericType ? stateMachine.GetGenericTypeDefinition() : stateMachine;
        var method = definition.DeclaringType!.GetMethods(Declared)
            .Single(m => m.GetCustomAttribute<AsyncStateMachineAttribute>()?.StateMachineType == definition);
        if (Written(method) is not { } name)
            return null;
        var source = method.GetCustomAttribute<KernelSourceAttribute>();
        return new TraceFunction(name, source == null ? null : new KernelFunction(source.File, source.Function));
    }

    // <Outer>g__Local|3_0 is a local function, <Outer>b__3_0 a lambda; a closure's class is no name either.
    private static string? Written(MethodInfo method)
    {
        var name = method.Name;
        if (name[0] == '<')
        {
            var start = name.IndexOf(">g__", StringComparison.Ordinal);
            if (start < 0)
                return null;
            name = name[(start + 4)..name.IndexOf('|', start)];
        }

        var type = method.DeclaringType!;
        while (type.Name[0] == '<')
            type = type.DeclaringType!;
        return $"{type.Name.Split('`')[0]}.{name}";
    }
}
