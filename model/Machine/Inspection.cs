using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>A cell of an object, as people read it.</summary>
/// <param name="Field">The kernel's name of the field.</param>
/// <param name="Text">Its value.</param>
public readonly record struct CellText(string Field, string Text);

/// <summary>Looks into a machine for reports: which functions a thread is in, and what is in the fields.</summary>
public static class Inspection
{
    /// <summary>All objects in use, in an order that depends on the schedule only.</summary>
    public static IEnumerable<KernelObject> Objects(KernelHost host) => host.ObjectsInUse;

    /// <summary>The cells of an object, in the order of their declaration.</summary>
    public static IEnumerable<CellText> Cells(KernelObject target) => target.ShowCells();

    /// <summary>One cell of an object.</summary>
    public static string Cell(KernelObject target, ushort offset) => Layout.Of(target.GetType()).Show(target, offset);

    /// <summary>The copies of key material in memory, live and freed, in an order that depends on the schedule only.</summary>
    public static IEnumerable<SecretCopy> Secrets(KernelHost host) => host.ObjectsInUse.SelectMany(o => o.Layout.SecretsOf(o));

    /// <summary>Where an object is in its life.</summary>
    public static Life LifeOf(KernelObject target) => target.Life;

    /// <summary>What the thread knows of each thread's time, itself included.</summary>
    public static int[] ClockOf(KernelThread thread) => thread.Clock[..thread.Host.ThreadCount];

    /// <summary>What the thread announced; nothing if it has ended.</summary>
    public static Operation Announced(KernelThread thread) => thread.Announced;

    /// <summary>Whether the thread has ended.</summary>
    public static bool HasEnded(KernelThread thread) => thread.Exited;

    /// <summary>Whether the thread could do now what it announced.</summary>
    public static bool CanRun(KernelThread thread) => !thread.Exited && KernelHost.IsEnabled(thread);

    /// <summary>The state machines of the functions that a suspended thread is in, the innermost first.</summary>
    public static IReadOnlyList<Type> Functions(KernelThread thread)
    {
        var functions = new List<Type>();
        for (var frame = thread.Live; frame != null; frame = frame.Caller)
            functions.Add(frame.StateMachineType);
        return functions;
    }

    /// <summary>
    /// The state machines of the functions that the running thread is in at this moment, the innermost first; none if no
    /// thread is running. Those that have not been suspended yet are on the stack only, above the one that was resumed.
    /// </summary>
    public static IReadOnlyList<Type> FunctionsNow(KernelHost host)
    {
        var thread = host.Current;
        var running = new StackTrace().GetFrames().Select(f => f.GetMethod()?.DeclaringType).Where(IsCoroutine).ToList();
        if (running.Count == 0)
            return [];
        var resumed = thread.Live ?? (thread.Parent == null ? null : thread.Parent.Live);
        var started = running.TakeWhile(t => resumed == null || Definition(t!) != Definition(resumed.StateMachineType));
        return [.. started!, .. Functions(thread)];
    }

    private static bool IsCoroutine(Type? type)
    {
        const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        return type != null && typeof(IAsyncStateMachine).IsAssignableFrom(type)
            && type.GetFields(Instance).Any(f => Definition(f.FieldType) is var builder
                && (builder == typeof(KTaskBuilder) || builder == typeof(KTaskBuilder<>)));
    }

    private static Type Definition(Type type) => type.IsGenericType ? type.GetGenericTypeDefinition() : type;
}
