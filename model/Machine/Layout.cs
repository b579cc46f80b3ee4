using System.Collections.Frozen;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// What a type of kernel object is made of: attaches the cells of a new object, copies the state of one object into
/// another of its type, and names cells for people. Built once per type from its fields.
/// </summary>
internal sealed class Layout
{
    // A cache keyed by type and filled with pure functions of the type: no run can see it.
    private static readonly ConditionalWeakTable<Type, Layout> Known = [];

    private readonly Action<KernelObject> attach;
    private readonly Action<KernelObject, KernelObject> copy;
    private readonly Action<KernelObject> forget;
    private readonly Action<KernelObject, StateEncoder> write;
    private readonly Action<KernelObject, StateEncoder> writeWithClocks;
    private readonly FieldInfo[] copied;
    private readonly FieldInfo[] cells;
    private FrozenDictionary<ushort, FieldInfo>? byOffset;

    private Layout(Type type)
    {
        var fields = AllFields(type).ToArray();
        cells = [.. fields.Where(f => typeof(ICell).IsAssignableFrom(f.FieldType))];
        attach = ForEachCell(type, nameof(ICell.Attach), withOwner: true);
        forget = ForEachCell(type, nameof(ICell.ForgetClocks), withOwner: false);
        copied = [.. fields.Where(IsState)];
        copy = CompileCopy(type, copied);
        write = StateWriters.CompileCells(type, fields, clocks: false);
        writeWithClocks = StateWriters.CompileCells(type, fields, clocks: true);
        Name = StateWriters.HashOf(type.ToString());
        HasRawFields = copied.Any(f => !IsComposite(f.FieldType) && !f.IsDefined(typeof(EpochAttribute)) && f.DeclaringType!.Namespace != typeof(Layout).Namespace);
    }

    /// <summary>Whether the type has mutable fields that are no cells: the machine does not see when they change.</summary>
    public bool HasRawFields { get; }

    /// <summary>A number for the type.</summary>
    public ulong Name { get; }

    public static Layout Of(Type type) => Known.GetValue(type, static t => new Layout(t));

    public void Attach(KernelObject target) => attach(target);

    public void Copy(KernelObject from, KernelObject to) => copy(from, to);

    /// <summary>Writes down the state of an object, as far as it is in fields.</summary>
    public void Write(KernelObject target, StateEncoder encoder) => (encoder.HasClocks ? writeWithClocks : write)(target, encoder);

    /// <summary>Whether two objects of the type are in the same state: slow, for tests.</summary>
    public bool Same(KernelObject one, KernelObject other) => copied.All(f => Same(f, one, other));

    public void ForgetClocks(KernelObject target) => forget(target);

    public string NameOf(KernelObject target, ushort offset)
        => Fields(target).TryGetValue(offset, out var field) ? KernelName(field) : $"+{offset}";

    public string Show(KernelObject target, ushort offset)
        => Fields(target).TryGetValue(offset, out var field) ? ((ICell)field.GetValue(target)!).Show() : "?";

    public IEnumerable<CellText> Show(KernelObject target)
        => cells.Select(f => new CellText(KernelName(f), ((ICell)f.GetValue(target)!).Show()));

    /// <summary>The copies of key material in an object.</summary>
    public IEnumerable<SecretCopy> SecretsOf(KernelObject target)
        => from field in cells
           where field.FieldType == typeof(Secret)
           let contents = ((Secret)field.GetValue(target)!).Contents
           where contents.Kind != SecretKind.None
           select new SecretCopy(target, KernelName(field), contents.Key, contents.Kind);

    private static string KernelName(FieldInfo field)
        => field.GetCustomAttribute<KernelNameAttribute>()?.Name ?? field.Name;

    private FrozenDictionary<ushort, FieldInfo> Fields(KernelObject target)
        => byOffset ??= cells.ToFrozenDictionary(f => OffsetOf(f, target));

    /// <summary>Where the link named <paramref name="linkName"/> lies in every element of a type.</summary>
    public static ushort LinkOffset<TLink>(Type element, string linkName)
        where TLink : ICell
    {
        var blank = (KernelObject)RuntimeHelpers.GetUninitializedObject(element);
        var link = AllFields(element).Single(f => f.Name == linkName && f.FieldType == typeof(TLink));

        return OffsetOf(link, blank);                                 // the same in every element
    }

    private static ushort OffsetOf(FieldInfo cell, KernelObject target)
    {
        var parameter = Expression.Parameter(typeof(KernelObject));
        const BindingFlags Instance = BindingFlags.Instance | BindingFlags.NonPublic;
        var method = typeof(KernelObject).GetMethod(nameof(KernelObject.OffsetOf), Instance)!.MakeGenericMethod(cell.FieldType);
        var field = Expression.Field(Expression.Convert(parameter, cell.DeclaringType!), cell);
        return Expression.Lambda<Func<KernelObject, ushort>>(Expression.Call(parameter, method, field), parameter).Compile()(target);
    }

    private Action<KernelObject> ForEachCell(Type type, string method, bool withOwner)
    {
        var target = Expression.Parameter(typeof(KernelObject));
        var typed = Expression.Convert(target, type);
        IEnumerable<Expression> calls = cells.Select(f => (Expression)Expression.Call(
            Expression.Field(Declaring(typed, f), f),
            f.FieldType.GetMethod(method) ?? throw new InvalidOperationException($"{f.FieldType} has no {method}"),
            withOwner ? [target] : []));
        if (withOwner)
            calls = calls.Concat(cells.Where(f => f.IsDefined(typeof(LinkedByAttribute))).Select(f => ThreadThrough(typed, f)));
        return Expression.Lambda<Action<KernelObject>>(Expression.Block([.. calls, Expression.Empty()]), target).Compile();
    }

    private static Expression ThreadThrough(Expression typed, FieldInfo list)
    {
        var element = list.FieldType.GetGenericArguments()[0];
        var offset = LinkOffset<ListLink>(element, list.GetCustomAttribute<LinkedByAttribute>()!.Field);
        return Expression.Call(
            Expression.Field(Declaring(typed, list), list), list.FieldType.GetMethod("ThreadThrough")!, Expression.Constant(offset));
    }

    private static Action<KernelObject, KernelObject> CompileCopy(Type type, FieldInfo[] fields)
    {
        var from = Expression.Parameter(typeof(KernelObject));
        var to = Expression.Parameter(typeof(KernelObject));
        var body = new List<Expression>();
        foreach (var field in fields)
            CopyField(body, Declaring(Expression.Convert(from, type), field), Declaring(Expression.Convert(to, type), field), field);
        body.Add(Expression.Empty());
        return Expression.Lambda<Action<KernelObject, KernelObject>>(Expression.Block(body), from, to).Compile();
    }

    private static void CopyField(List<Expression> body, Expression from, Expression to, FieldInfo field)
    {
        var source = Expression.Field(from, field);
        var target = Expression.Field(to, field);
        if (IsComposite(field.FieldType))
        {
            foreach (var inner in AllFields(field.FieldType).Where(IsState))
                CopyField(body, source, target, inner);
        }
        else
        {
            body.Add(Expression.Assign(target, source));
        }
    }

    private static bool Same(FieldInfo field, object one, object other)
    {
        var (left, right) = (field.GetValue(one), field.GetValue(other));
        return IsComposite(field.FieldType)
            ? AllFields(field.FieldType).Where(IsState).All(f => Same(f, left!, right!))
            : Equals(left, right);
    }

    private static bool IsState(FieldInfo field) => !field.IsInitOnly && !field.IsDefined(typeof(WiringAttribute));

    private static bool IsComposite(Type type) => typeof(ICell).IsAssignableFrom(type);

    private static Expression Declaring(Expression target, FieldInfo field)
        => target.Type == field.DeclaringType ? target : Expression.Convert(target, field.DeclaringType!);

    private static IEnumerable<FieldInfo> AllFields(Type type)
    {
        const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        for (Type? t = type; t != null && t != typeof(object) && t != typeof(ValueType); t = t.BaseType)
        {
            foreach (var field in t.GetFields(Declared))
                yield return field;
        }
    }
}

/// <summary>The kernel's own name of a field, for traces and reports: <c>i_count</c>.</summary>
/// <param name="name">The name as a kernel developer writes it.</param>
[AttributeUsage(AttributeTargets.Field)]
public sealed class KernelNameAttribute(string name) : Attribute
{
    /// <summary>The name as a kernel developer writes it.</summary>
    public string Name { get; } = name;
}
