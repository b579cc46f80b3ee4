using System.Linq.Expressions;
using System.Reflection;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>
/// Two machines of one scenario, all of whose threads are suspended: are they in the same state? A walk over both graphs of
/// objects at once, which builds a bijection between them. All fields are compared but those that are named here, with the
/// reason. It shares nothing with what writes states down for a search, which it is to judge.
/// </summary>
internal sealed partial class MachineComparison
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
    private static readonly Dictionary<Type, Action<object, object, MachineComparison>> Comparers = [];

    private readonly Dictionary<object, object> there = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<object, object> back = new(ReferenceEqualityComparer.Instance);
    private readonly List<(object One, object Other, int From, string Field)> bound = [];
    private readonly List<((int Of, ushort Offset) One, (int Of, ushort Offset) Other, int At)> heads = [];
    private readonly Dictionary<int, int> identities = [];
    private KernelHost one = null!;
    private KernelHost other = null!;
    private int at;                                      // the pair whose fields are compared

    /// <summary>What is different, and where; null if nothing is.</summary>
    public string? Difference { get; private set; }

    /// <summary>Objects that the last comparison looked at, on either side.</summary>
    public int Objects => bound.Count;

    /// <summary>Compares two machines.</summary>
    /// <returns>Whether they are in the same state; if not see <see cref="Difference"/>.</returns>
    public bool Compare(SuspendedMachine first, SuspendedMachine second)
    {
        there.Clear();
        back.Clear();
        bound.Clear();
        heads.Clear();
        identities.Clear();
        Difference = null;
        at = -1;
        (one, other) = (first.Host, second.Host);
        Meet(one, other, "machine");
        Value(one.ThreadCount, other.ThreadCount, "threads");
        for (var i = 0; i < Math.Min(one.ThreadCount, other.ThreadCount); i++)
            Meet(one.ThreadAt(i), other.ThreadAt(i), $"thread {i}");
        Value(one.Permanent.Count, other.Permanent.Count, "objects of the set-up");
        for (var i = 0; i < one.Permanent.Count && Difference == null; i++)
            Meet(one.Permanent[i], other.Permanent[i], "set-up");
        Meet(first.Instance, second.Instance, "scenario");
        Walk();
        CompareLeaks();
        CompareHeads();
        return Difference == null;
    }

    /// <summary>Two references: their objects are each other's counterpart, from now on if they were not met before.</summary>
    public void Meet(object? left, object? right, string field)
    {
        if (left == null || right == null)
        {
            if (left != right)
                Differ(field, left, right);
            return;
        }

        if (there.TryGetValue(left, out var partner) || back.TryGetValue(right, out partner))
        {
            if (!ReferenceEquals(partner, there.ContainsKey(left) ? right : left) || !there.ContainsKey(left))
                Differ(field, left, right);
            return;
        }

        if (ReferenceEquals(left, right) && left is string or Type or MemberInfo or LockClass)
            return;
        if (left.GetType() != right.GetType() || (left is string && !left.Equals(right)))
        {
            Differ(field, left, right);
            return;
        }

        if (left is string or Type or MemberInfo)
        {
            if (!left.Equals(right))
                Differ(field, left, right);
            return;
        }

        there.Add(left, right);
        back.Add(right, left);
        bound.Add((left, right, at, field));
    }

    /// <summary>Two values.</summary>
    public void Value<T>(T left, T right, string field)
    {
        if (!EqualityComparer<T>.Default.Equals(left, right))
            Differ(field, left, right);
    }

    private void Walk()
    {
        for (at = Math.Max(0, at); at < bound.Count && Difference == null; at++)
        {
            var (left, right, _, _) = bound[at];
            switch (left)
            {
                case KernelThread thread:
                    CompareThread(thread, (KernelThread)right);
                    break;
                case KernelObject target:
                    CompareObject(target, (KernelObject)right);
                    break;
                case Delegate function:
                    Value(function.Method, ((Delegate)right).Method, "method");
                    Meet(function.Target, ((Delegate)right).Target, "target");
                    break;
                default:
                    Fields(left, right);
                    break;
            }
        }
    }

    private void CompareThread(KernelThread left, KernelThread right)
    {
        Value(left.Exited, right.Exited, "Exited");
        if (left.Exited && right.Exited)
            return;                                      // nothing of it is ever looked at again
        Fields(left, right);
        Value(left.WaitsOn != null && left.Woken, right.WaitsOn != null && right.Woken, "Woken");
        Value(left.Queued && left.QueuedAsWriter, right.Queued && right.QueuedAsWriter, "QueuedAsWriter");
        Value(left.WaitsOn == null ? 0 : left.WaitsOnOffset, right.WaitsOn == null ? 0 : right.WaitsOnOffset, "WaitsOnOffset");
        for (var i = 0; i < Math.Min(left.HeldCount, right.HeldCount); i++)
        {
            Meet(left.Held[i].Object, right.Held[i].Object, "Held.Object");
            Value((left.Held[i].Offset, left.Held[i].Class, left.Held[i].Shared), (right.Held[i].Offset, right.Held[i].Class, right.Held[i].Shared), "Held");
        }

        Meet(left.Announced.Object, right.Announced.Object, "Announced.Object");
        Meet(left.Announced.Reference, right.Announced.Reference, "Announced.Reference");
        Value((left.Announced.Kind, left.Announced.Offset), (right.Announced.Kind, right.Announced.Offset), "Announced.Kind");
        Value(ArgumentOf(left), ArgumentOf(right), "Announced.Argument");
        Meet(Innermost(left), Innermost(right), "frame");
    }

    private static Frame? Innermost(KernelThread thread)
    {
        var frame = thread.Innermost;
        while (frame is { Done: true })
            frame = frame.Caller;
        return frame;
    }

    private static long ArgumentOf(KernelThread thread)
        => thread.Announced.Kind != OperationKind.AwaitChange ? thread.Announced.Argument
            : thread.Announced.Object.Cell<ChangeCounter>(thread.Announced.Offset).HasChangedSince(thread.Announced.Argument) ? 1 : 0;

    // Of an object that is dead to all nothing is compared but that it is: whoever touches it ends the execution.
    private void CompareObject(KernelObject left, KernelObject right)
    {
        identities.TryAdd(left.Identity, right.Identity);
        var (users, others) = (UsersOf(left, one), UsersOf(right, other));
        Value(users, others, "Life");
        if (users != 0 && others != 0)
            Fields(left, right);
    }

    /// <summary>The threads that may touch an object, a bit each; all bits of one that is alive.</summary>
    private static ulong UsersOf(KernelObject target, KernelHost host)
    {
        if (target.IsAlive)
            return ulong.MaxValue;
        var users = 0UL;
        for (var i = 0; i < host.ThreadCount && target.Life == Life.WaitingForRcu; i++)
        {
            if (host.ThreadAt(i) is { Exited: false, AtomicDepth: > 0 } thread && thread.RcuSince < target.RcuSequence)
                users |= 1UL << i;
        }

        return users;
    }

    // Objects that are alive, and that nothing refers to: those of a slab in the order of their allocation.
    private void CompareLeaks()
    {
        for (var slab = 0; slab < one.Slabs.Count && Difference == null; slab++)
        {
            var left = one.Slabs[slab].MadeSinceCheckpoint.Where(o => o.IsAlive).ToList();
            var right = other.Slabs[slab].MadeSinceCheckpoint.Where(o => o.IsAlive).ToList();
            Value(left.Count, right.Count, $"objects alive in slab {slab}");
            left.RemoveAll(there.ContainsKey);
            right.RemoveAll(back.ContainsKey);
            Value(left.Count, right.Count, $"objects that nothing refers to in slab {slab}");
            for (var i = 0; i < left.Count && Difference == null; i++)
            {
                if (there.ContainsKey(left[i]))
                    continue;
                Meet(left[i], right[i], "leak");
                Walk();
            }
        }
    }

    private void CompareHeads()
    {
        foreach (var (left, right, where) in heads)
        {
            at = where;
            if (left.Of == 0 && right.Of == 0)
                continue;
            if (identities.GetValueOrDefault(left.Of) != right.Of || left.Offset != right.Offset)
                Differ("Head", left, right);
        }
    }

    private void Differ(string field, object? left, object? right)
    {
        if (Difference != null)
            return;
        var path = field;
        for (var i = at; i >= 0; i = bound[i].From)
            path = $"{bound[i].Field} ({bound[i].One.GetType().Name} {Shown(bound[i].One)})\n    .{path}";
        Difference = $"{path}: {Shown(left)}, and there {Shown(right)}";
    }

    private static string Shown(object? value) => value is KernelObject { Host: var host } of ? $"{of.Name}#{of.Identity}" : value?.ToString() ?? "null";

    private void Fields(object left, object right)
    {
        var type = left.GetType();
        if (!Comparers.TryGetValue(type, out var compare))
            Comparers.Add(type, compare = Compile(type));
        compare(left, right, this);
    }

    private void Head(int left, ushort leftOffset, int right, ushort rightOffset) => heads.Add(((left, leftOffset), (right, rightOffset), at));

    private void Stamp(ChangeStamp left, ChangeStamp right)
    {
        var (owner, partner) = (OwnerOf(left), OwnerOf(right));
        Meet(owner.Object, partner.Object, "ChangeStamp.owner");
        Value(owner.Offset, partner.Offset, "ChangeStamp.offset");
        Value(HasChanged(left, owner), HasChanged(right, partner), "ChangeStamp.Count");

        static bool HasChanged(ChangeStamp stamp, (KernelObject? Object, ushort Offset) owner)
            => owner.Object?.Cell<ChangeCounter>(owner.Offset).HasChangedSince(stamp.Count) == true;
    }

    private static (KernelObject? Object, ushort Offset) OwnerOf(ChangeStamp stamp)
        => ((KernelObject?)StampOwner.GetValue(stamp), (ushort)StampOffset.GetValue(stamp)!);

    private static readonly FieldInfo StampOwner = typeof(ChangeStamp).GetField("owner", Instance)!;
    private static readonly FieldInfo StampOffset = typeof(ChangeStamp).GetField("offset", Instance)!;

    private void Elements<T>(T[] left, T[] right, Action<T, T, MachineComparison> compare)
    {
        Value(left.Length, right.Length, "Length");
        if (typeof(T).IsPrimitive && left.AsSpan().SequenceEqual(right, null))
            return;
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
            compare(left[i], right[i], this);
    }

    private void Items<T>(List<T> left, List<T> right, Action<T, T, MachineComparison> compare)
    {
        Value(left.Count, right.Count, "Count");
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
            compare(left[i], right[i], this);
    }

    private static Action<object, object, MachineComparison> Compile(Type type)
    {
        var (left, right, walk) = (Expression.Parameter(typeof(object)), Expression.Parameter(typeof(object)), Expression.Parameter(typeof(MachineComparison)));
        var body = new List<Expression> { Expression.Empty() };
        var isList = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>);
        if (type.IsArray || isList)
        {
            var element = type.IsArray ? type.GetElementType()! : type.GetGenericArguments()[0];
            var method = typeof(MachineComparison).GetMethod(isList ? nameof(Items) : nameof(Elements), Instance)!.MakeGenericMethod(element);
            body.Add(Expression.Call(walk, method, Expression.Convert(left, type), Expression.Convert(right, type), ElementComparer(element)));
        }
        else
        {
            Append(body, Expression.Convert(left, type), Expression.Convert(right, type), type, walk, "");
        }

        return Expression.Lambda<Action<object, object, MachineComparison>>(Expression.Block(body), left, right, walk).Compile();
    }

    // A delegate, made once: a lambda in the expression would be made into one whenever an array is compared.
    private static ConstantExpression ElementComparer(Type element)
    {
        var (left, right, walk) = (Expression.Parameter(element), Expression.Parameter(element), Expression.Parameter(typeof(MachineComparison)));
        var body = new List<Expression> { Expression.Empty() };
        AppendValue(body, left, right, walk, "[]");
        var type = typeof(Action<,,>).MakeGenericType(element, element, typeof(MachineComparison));
        return Expression.Constant(Expression.Lambda(type, Expression.Block(typeof(void), body), left, right, walk).Compile(), type);
    }

    private static void Append(List<Expression> body, Expression left, Expression right, Type type, Expression walk, string prefix)
    {
        for (Type? t = type; t != null && t != typeof(object) && t != typeof(ValueType); t = t.BaseType)
        {
            foreach (var field in t.GetFields(Instance))
            {
                var name = NameOf(field);
                if (name == "ListLink.Head")
                    body.Add(Expression.Call(walk, typeof(MachineComparison).GetMethod(nameof(Head), Instance)!, [.. HeadOf(left), .. HeadOf(right)]));
                if (!LeftOut.ContainsKey(name) && !IsOfTheBuilder(field))
                    AppendValue(body, Expression.Field(As(left, t), field), Expression.Field(As(right, t), field), walk, prefix + field.Name);
            }
        }
    }

    private static Expression[] HeadOf(Expression link)
        => [Expression.Field(link, nameof(ListLink.Head)), Expression.Field(link, nameof(ListLink.HeadOffset))];

    private static Expression As(Expression target, Type type) => target.Type == type ? target : Expression.Convert(target, type);

    private static void AppendValue(List<Expression> body, Expression left, Expression right, Expression walk, string name)
    {
        var type = left.Type;
        var label = Expression.Constant(name);
        if (type == typeof(ChangeStamp))
        {
            body.Add(Expression.Call(walk, typeof(MachineComparison).GetMethod(nameof(Stamp), Instance)!, left, right));
        }
        else if (type == typeof(Model.Vfs.Eviction))
        {
            // When is no matter: whether it was.
            body.Add(Expression.IfThen(
                Expression.NotEqual(Expression.Equal(Expression.Property(left, "Order"), Expression.Constant(0)), Expression.Equal(Expression.Property(right, "Order"), Expression.Constant(0))),
                Compared(left, right, walk, label)));
        }
        else if (type.IsPrimitive || type.IsEnum)
        {
            body.Add(Expression.IfThen(Expression.NotEqual(left, right), Compared(left, right, walk, label)));
        }
        else if (type.IsPointer)
        {
            throw new NotSupportedException(name);
        }
        else if (!type.IsValueType)
        {
            body.Add(Expression.Call(walk, typeof(MachineComparison).GetMethod(nameof(Meet))!, left, right, label));
        }
        else
        {
            Append(body, left, right, type, walk, name + ".");
        }
    }

    private static MethodCallExpression Compared(Expression left, Expression right, Expression walk, Expression label)
        => Expression.Call(walk, typeof(MachineComparison).GetMethod(nameof(Value))!.MakeGenericMethod(left.Type), left, right, label);

    // Of a suspended call: the builder knows its own frame, and an awaiter its thread or the called frame, which are walked.
    private static bool IsOfTheBuilder(FieldInfo field)
        => field.Name.StartsWith("<>t__builder", StringComparison.Ordinal) || field.Name.StartsWith("<>u__", StringComparison.Ordinal);

    /// <summary>A field as <see cref="LeftOut"/> names it.</summary>
    public static string NameOf(FieldInfo field)
    {
        var name = field.Name.StartsWith('<') && field.Name.IndexOf('>', StringComparison.Ordinal) is > 1 and var end ? field.Name[1..end] : field.Name;
        return $"{field.DeclaringType!.Name.Split('`')[0]}.{name}";
    }
}
