using System.Collections.Immutable;
using System.Reflection;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// The objects around a kernel that are not of it: parts of the model without a state, closures, what a system call is bound
/// to. Each has a number, in the order in which a walk over all fields comes to it.
/// </summary>
internal sealed class KnownObjects
{
    private readonly Dictionary<object, int> numbers = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<object> open = new();
    private readonly List<(object Target, Action<object, StateEncoder> Write)> holders = [];

    /// <summary>Walks from all objects of a kernel, and from what is bound to it.</summary>
    public KnownObjects(IEnumerable<KernelObject> kernel, ReadOnlySpan<object?> roots)
    {
        foreach (var target in kernel)
            VisitFields(target, target.GetType());
        foreach (var root in roots)
            Visit(root);
        while (open.TryDequeue(out var target))
            Look(target);
    }

    /// <summary>How many of them can change: those are part of each state.</summary>
    public int HolderCount => holders.Count;

    /// <summary>Writes down what can change of one of them.</summary>
    public void WriteHolder(int holder, StateEncoder encoder) => holders[holder].Write(holders[holder].Target, encoder);

    /// <summary>The number of an object; -1 if it was not there.</summary>
    public int NumberOf(object target) => numbers.GetValueOrDefault(target, -1);

    private void Visit(object? target)
    {
        if (target is not (null or string or KernelObject or KernelHost or KernelThread or LockClass or Type or MemberInfo or ISlab)
            && numbers.TryAdd(target, numbers.Count))
        {
            open.Enqueue(target);
        }
    }

    private void Look(object target)
    {
        var type = target.GetType();
        if (target is Delegate function)
        {
            Visit(function.Target);
        }
        else if (target is Array array)
        {
            AddHolder(target);
            if (!type.GetElementType()!.IsPrimitive)
            {
                foreach (var element in array)
                    VisitValue(element, type.GetElementType()!);
            }
        }
        else if (!IsConstant(type) && !type.IsDefined(typeof(NotStateAttribute), inherit: false))
        {
            if (StateWriters.FieldsOf(type).Any(f => !f.IsInitOnly && !StateWriters.IsNotState(f)))
                AddHolder(target);
            VisitFields(target, type);
        }
    }

    private void AddHolder(object target) => holders.Add((target, StateWriters.OfChanging(target.GetType())));

    private void VisitFields(object target, Type type)
    {
        foreach (var field in StateWriters.FieldsOf(type))
        {
            if (field.DeclaringType == typeof(KernelObject) || StateWriters.IsNotState(field))
                continue;
            if (!field.FieldType.IsPrimitive && !field.FieldType.IsEnum)
                VisitValue(field.GetValue(target), field.FieldType);
        }
    }

    private void VisitValue(object? value, Type type)
    {
        if (value == null || type.IsPrimitive || type.IsEnum)
            return;
        if (!type.IsValueType)
            Visit(value);
        else if (IsImmutableArray(type))
            VisitImmutable(value);
        else if (type.Assembly != typeof(object).Assembly || type.IsGenericType)
            VisitFields(value, type);
    }

    // What it is made of never changes: its elements may.
    private void VisitImmutable(object array)
    {
        if ((bool)array.GetType().GetProperty(nameof(ImmutableArray<int>.IsDefault))!.GetValue(array)!)
            return;
        foreach (var element in (System.Collections.IEnumerable)array)
            VisitValue(element, element?.GetType() ?? typeof(object));
    }

    private static bool IsImmutableArray(Type type)
        => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>);

    private static bool IsConstant(Type type) => type.Namespace is "System.Collections.Immutable" or "System.Collections.Frozen";
}
