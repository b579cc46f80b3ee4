using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>Writes a value of a type down as words of a state. Compiled once per type of state machine.</summary>
internal delegate void StateWrite<T>(ref T value, StateEncoder encoder);

/// <summary>How the state machines of one kernel function are written.</summary>
internal static class StateWriter<TStateMachine>
{
    /// <summary>A number for the function.</summary>
    public static readonly ulong Name = StateWriters.HashOf(typeof(TStateMachine).ToString());

    /// <summary>Where in the function it is, and the locals.</summary>
    public static readonly StateWrite<TStateMachine> Write = Compile();

    // Not in the initialiser of a type: that would hide what is wrong in an exception that says nothing.
    private static StateWrite<TStateMachine> Compile()
    {
        try
        {
            return StateWriters.CompileFrame<TStateMachine>();
        }
        catch (NotSupportedException exception)
        {
            return (ref TStateMachine _, StateEncoder _) => throw new NotSupportedException(exception.Message, exception);
        }
    }
}

/// <summary>
/// Compiles, from the fields of a type, how its part of a state is written. What is not known how to write is an error, and
/// never left out.
/// </summary>
internal static class StateWriters
{
    // A cache keyed by type and filled with pure functions of the type: no run can see it.
    private static readonly ConditionalWeakTable<Type, Action<object, StateEncoder>> Whole = [];
    private static readonly ConditionalWeakTable<Type, Action<object, StateEncoder>> Changing = [];

    private static readonly MethodInfo AddWord = typeof(StateEncoder).GetMethod(nameof(StateEncoder.Add), [typeof(ulong)])!;
    private static readonly MethodInfo AddReference = Method(nameof(StateEncoder.AddReference));
    private static readonly MethodInfo AddEpoch = Method(nameof(StateEncoder.AddEpoch));
    private static readonly MethodInfo AddPublished = Method(nameof(StateEncoder.AddPublished));
    private static readonly MethodInfo AddText = Method(nameof(StateEncoder.AddText));

    /// <summary>A number that differs, in practice, when the text does: FNV-1a.</summary>
    public static ulong HashOf(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in text)
            hash = (hash ^ c) * 1099511628211UL;
        return hash;
    }

    /// <summary>How objects that are not of the kernel are written, closures and arrays above all.</summary>
    public static Action<object, StateEncoder> Of(Type type)
        => Whole.GetValue(type, static t => CompileObject(t, static f => !IsNotState(f)));

    /// <summary>How those are written that are known: only what can be assigned.</summary>
    public static Action<object, StateEncoder> OfChanging(Type type)
        => Changing.GetValue(type, static t => CompileObject(t, static f => !f.IsInitOnly && !IsNotState(f)));

    /// <summary>How the cells of a kernel object are written, and fields of it that can be assigned.</summary>
    public static Action<KernelObject, StateEncoder> CompileCells(Type type, IEnumerable<FieldInfo> fields, bool clocks)
    {
        var target = Expression.Parameter(typeof(KernelObject));
        var encoder = Expression.Parameter(typeof(StateEncoder));
        var body = new List<Expression>();
        foreach (var field in fields.Where(f => IsState(f) && f.DeclaringType != typeof(KernelObject)))
            Append(body, Expression.Field(Expression.Convert(target, field.DeclaringType!), field), field, encoder, clocks);
        body.Add(Expression.Empty());
        return Expression.Lambda<Action<KernelObject, StateEncoder>>(Expression.Block(body), target, encoder).Compile();
    }

    public static StateWrite<TStateMachine> CompileFrame<TStateMachine>()
    {
        var machine = Expression.Parameter(typeof(TStateMachine).MakeByRefType());
        var encoder = Expression.Parameter(typeof(StateEncoder));
        var body = new List<Expression>();
        foreach (var field in FieldsOf(typeof(TStateMachine)).Where(f => !IsOfTheBuilder(f)))
            Append(body, Expression.Field(machine, field), field, encoder);
        body.Add(Expression.Empty());
        return Expression.Lambda<StateWrite<TStateMachine>>(Expression.Block(body), machine, encoder).Compile();
    }

    /// <summary>Whether the content of a field is part of the state of its object.</summary>
    public static bool IsState(FieldInfo field)
        => !field.IsInitOnly && !field.IsDefined(typeof(WiringAttribute)) && !field.IsDefined(typeof(EpochAttribute))
            && !IsNotState(field) && field.FieldType != typeof(SyncClock);

    /// <summary>Whether it is said of a field, or of the property behind which it is, that its content is no state.</summary>
    public static bool IsNotState(FieldInfo field)
    {
        if (field.IsDefined(typeof(NotStateAttribute)))
            return true;
        var name = field.Name;                            // <Entries>k__BackingField
        return name.StartsWith('<') && name.IndexOf('>', StringComparison.Ordinal) is var end and > 1
            && field.DeclaringType!.GetProperty(name[1..end], Instance)?.IsDefined(typeof(NotStateAttribute)) == true;
    }

    /// <summary>The fields of all instances of a type, those of its base types included.</summary>
    public static IEnumerable<FieldInfo> FieldsOf(Type type)
    {
        for (Type? t = type; t != null && t != typeof(object) && t != typeof(ValueType); t = t.BaseType)
        {
            foreach (var field in t.GetFields(Instance | BindingFlags.DeclaredOnly))
                yield return field;
        }
    }

    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    // The compiler's own fields of a state machine: its builder, and the awaiter of what it waits for.
    private static bool IsOfTheBuilder(FieldInfo field)
        => field.Name.StartsWith("<>t__builder", StringComparison.Ordinal) || field.Name.StartsWith("<>u__", StringComparison.Ordinal);

    private static Action<object, StateEncoder> CompileObject(Type type, Func<FieldInfo, bool> isPart)
    {
        if (type.IsArray)
            return ArrayWriter(type);
        if (typeof(Delegate).IsAssignableFrom(type))
            return static (target, encoder) => WriteDelegate((Delegate)target, encoder);
        var target = Expression.Parameter(typeof(object));
        var encoder = Expression.Parameter(typeof(StateEncoder));
        var body = new List<Expression>
        {
            Expression.Call(encoder, AddWord, Expression.Constant(HashOf(type.ToString()))),
        };
        foreach (var field in FieldsOf(type).Where(isPart))
            Append(body, Expression.Field(Expression.Convert(target, field.DeclaringType!), field), field, encoder);
        return Expression.Lambda<Action<object, StateEncoder>>(Expression.Block(body), target, encoder).Compile();
    }

    private static void WriteDelegate(Delegate target, StateEncoder encoder)
    {
        encoder.Add((ulong)target.Method.MetadataToken);
        encoder.AddText(target.Method.DeclaringType?.ToString());
        encoder.AddReference(target.Target);
    }

    private static Action<object, StateEncoder> ArrayWriter(Type type)
    {
        var element = type.GetElementType()!;
        if (type.GetArrayRank() != 1)
            throw Unknown(type, null);
        return (Action<object, StateEncoder>)typeof(StateWriters).GetMethod(nameof(CompileArray), BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(element).Invoke(null, null)!;
    }

    private static Action<object, StateEncoder> CompileArray<T>()
    {
        var value = Expression.Parameter(typeof(T).MakeByRefType());
        var encoder = Expression.Parameter(typeof(StateEncoder));
        var body = new List<Expression>();
        Append(body, value, null, encoder);
        var write = Expression.Lambda<StateWrite<T>>(Expression.Block([.. body, Expression.Empty()]), value, encoder).Compile();
        return (target, e) =>
        {
            var array = (T[])target;
            e.Add((ulong)array.Length);
            for (var i = 0; i < array.Length; i++)
                write(ref array[i], e);
        };
    }

    private static void Append(List<Expression> body, Expression value, FieldInfo? field, Expression encoder, bool clocks = false)
    {
        var type = value.Type;
        if (type == typeof(string))
        {
            body.Add(Expression.Call(encoder, AddText, value));
        }
        else if (!type.IsValueType)
        {
            if (type.IsPointer || typeof(Frame).IsAssignableFrom(type))
                throw Unknown(type, field);
            body.Add(Expression.Call(encoder, AddReference, value));
        }
        else if (type == typeof(bool))
        {
            body.Add(Expression.Call(encoder, AddWord, Expression.Condition(value, Expression.Constant(1UL), Expression.Constant(0UL))));
        }
        else if (type.IsEnum || type == typeof(char) || IsWhole(type))
        {
            body.Add(Expression.Call(encoder, AddWord, Expression.Convert(type.IsEnum ? Expression.Convert(value, Enum.GetUnderlyingType(type)) : value, typeof(ulong))));
        }
        else if (typeof(IStatePart).IsAssignableFrom(type))
        {
            body.Add(Expression.Call(value, type.GetInterfaceMap(typeof(IStatePart)).TargetMethods[0], encoder));
        }
        else if (type.IsPrimitive || type.IsByRefLike || type == typeof(decimal) || typeof(ICalleeAwaiter).IsAssignableFrom(type) || type == typeof(KTask)
            || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KTask<>)))
        {
            throw Unknown(type, field);
        }
        else
        {
            foreach (var inner in FieldsOf(type).Where(f => !f.IsDefined(typeof(WiringAttribute)) && !IsNotState(f)))
                AppendPart(body, Expression.Field(value, inner), inner, encoder, clocks);
        }
    }

    private static void AppendPart(List<Expression> body, Expression value, FieldInfo field, Expression encoder, bool clocks)
    {
        var isPublished = field.FieldType == typeof(SyncClock);
        if (!isPublished && !field.IsDefined(typeof(EpochAttribute)))
            Append(body, value, field, encoder, clocks);
        else if (clocks)
            body.Add(Expression.Call(encoder, isPublished ? AddPublished : AddEpoch, value));
    }

    private static bool IsWhole(Type type) => Type.GetTypeCode(type) is >= TypeCode.SByte and <= TypeCode.UInt64;

    private static NotSupportedException Unknown(Type type, FieldInfo? field)
        => new($"a state cannot be written: nobody knows what of a {type} is part of it"
            + (field == null ? "" : $" ({field.Name} of {field.DeclaringType})"));

    private static MethodInfo Method(string name)
        => typeof(StateEncoder).GetMethod(name, Instance)!;
}
