using System.Globalization;
using Fscrypt.Sim.Commands;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>The names that a thread can use, and what is wrong with how it uses them.</summary>
internal sealed class ThreadNames
{
    /// <summary>The number of a thread among its copies.</summary>
    public const string Id = "id";

    private readonly IReadOnlyDictionary<string, SharedObject> shared;
    private readonly Diagnostics diagnostics;

    /// <summary>The names of a thread: what is shared, and the registers that it sets somewhere.</summary>
    public ThreadNames(IReadOnlyDictionary<string, SharedObject> shared, IEnumerable<StatementSyntax> statements, Diagnostics diagnostics)
    {
        this.shared = shared;
        this.diagnostics = diagnostics;
        Collect(statements);
    }

    /// <summary>The registers, in the order in which the text sets them.</summary>
    public List<string> Registers { get; } = [];

    /// <summary>What is shared under a name, or null.</summary>
    public SharedObject? Shared(string name) => shared.GetValueOrDefault(name);

    /// <summary>Whether a reference is to something shared.</summary>
    public bool IsShared(ReferenceSyntax reference) => shared.ContainsKey(reference.Name);

    /// <summary>Names that registers could have, without end.</summary>
    public IEnumerator<string> FreeNames()
    {
        var letters = "rstuvwpq".Select(c => c.ToString());
        var numbered = Enumerable.Range(1, int.MaxValue).Select(i => string.Create(CultureInfo.InvariantCulture, $"r{i}"));
        return letters.Concat(numbered).Where(n => !shared.ContainsKey(n) && !Registers.Contains(n)).GetEnumerator();
    }

    /// <summary>The shared accesses of an expression, in the order in which they must be done: an index before its element.</summary>
    public List<ReferenceSyntax> AccessesOf(params IEnumerable<ExpressionSyntax?> expressions)
    {
        var found = new List<ReferenceSyntax>();
        foreach (var expression in expressions)
            FindAccesses(expression, found);
        return found;
    }

    /// <summary>Whether all of an expression can be evaluated; says what cannot.</summary>
    public bool Check(ExpressionSyntax? expression)
    {
        switch (expression)
        {
            case null or NumberSyntax:
                return true;
            case UnarySyntax unary:
                return Check(unary.Operand);
            case BinarySyntax binary:
                return Check(binary.Left) & Check(binary.Right);
            case ReferenceSyntax reference:
                return CheckReference(reference) & Check(reference.Index);
            case TextSyntax:
                return Wrong(expression.Place, "a text stands in expectations only: values are numbers");
            case MemberSyntax member:
                return Wrong(expression.Place, $"the register {member.Register} of a thread stands in expectations only");
            default:
                return Wrong(expression.Place, "a predicate stands in expectations only");
        }
    }

    /// <summary>Whether a reference is to something shared of a kind, and its index is right; says what is not.</summary>
    public bool Check(ReferenceSyntax reference, SharedKind kind)
    {
        if (Shared(reference.Name) is not { } found)
        {
            return Wrong(reference.Place, IsOwn(reference.Name)
                ? $"{reference.Name} is a register: something shared must stand here"
                : Nearest.Message(WordOf(kind), reference.Name, shared.Values.Where(s => s.Kind == kind).Select(s => s.Name)));
        }

        return (found.Kind == kind || Wrong(reference.Place, WrongKind(found, kind))) && CheckIndex(reference, found) & Check(reference.Index);
    }

    /// <summary>Whether a register may have that name; says why not.</summary>
    public bool CheckRegister(ReferenceSyntax target)
    {
        if (target.Name == Id)
            return Wrong(target.Place, "id is the thread's number among its copies: nothing else can be in it");
        if (Shared(target.Name) is { } hidden)
            return Wrong(target.Place, $"{target.Name} is a {WordOf(hidden.Kind)}: a register may not have the name of something shared");
        if (target.Index == null)
            return true;
        return Wrong(target.Place, Registers.Contains(target.Name)
            ? $"{target.Name} is no array"
            : Nearest.Message("array", target.Name, shared.Values.Where(s => s.IsArray && s.Kind == SharedKind.Variable).Select(s => s.Name)));
    }

    /// <summary>Notes a mistake.</summary>
    /// <returns>False.</returns>
    public bool Wrong(Place place, string message)
    {
        diagnostics.Add(place, message);
        return false;
    }

    private static string WordOf(SharedKind kind) => kind switch
    {
        SharedKind.Variable => "shared variable",
        SharedKind.Lock => "lock",
        _ => "semaphore",
    };

    private static string WrongKind(SharedObject found, SharedKind wanted) => (found.Kind, wanted) switch
    {
        (SharedKind.Lock, SharedKind.Semaphore) => $"{found.Name} is a lock, not a semaphore: acquire, try_acquire and release are for it",
        (SharedKind.Lock, _) => $"{found.Name} is a lock, not a variable: acquire, try_acquire and release are for it",
        (SharedKind.Semaphore, SharedKind.Lock) => $"{found.Name} is a semaphore, not a lock: down_read, up_read, down_write and up_write are for it",
        (SharedKind.Semaphore, _) => $"{found.Name} is a semaphore, not a variable: down_read, up_read, down_write and up_write are for it",
        (_, SharedKind.Lock) => $"{found.Name} is a variable, not a lock: locks are declared by lock {found.Name}",
        _ => $"{found.Name} is a variable, not a semaphore: semaphores are declared by rwsem {found.Name}",
    };

    private bool IsOwn(string name) => name == Id || Registers.Contains(name);

    private bool CheckReference(ReferenceSyntax reference)
    {
        if (Shared(reference.Name) is { } found)
        {
            return found.Kind == SharedKind.Variable
                ? CheckIndex(reference, found)
                : Wrong(reference.Place, WrongKind(found, SharedKind.Variable));
        }

        if (!IsOwn(reference.Name))
        {
            var variables = shared.Values.Where(s => s.Kind == SharedKind.Variable).Select(s => s.Name);
            return Wrong(reference.Place, Nearest.Message("register or shared variable", reference.Name, Registers.Concat(variables)));
        }

        return reference.Index == null || Wrong(reference.Place, $"{reference.Name} is no array");
    }

    private bool CheckIndex(ReferenceSyntax reference, SharedObject found)
    {
        if (found.IsArray == (reference.Index != null))
            return true;
        return Wrong(reference.Place, found.IsArray
            ? string.Create(CultureInfo.InvariantCulture, $"{found.Name} is an array of {found.Size}: one of it is {found.Name}[0]")
            : $"{found.Name} is no array");
    }

    private void FindAccesses(ExpressionSyntax? expression, List<ReferenceSyntax> found)
    {
        switch (expression)
        {
            case UnarySyntax unary:
                FindAccesses(unary.Operand, found);
                break;
            case BinarySyntax binary:
                FindAccesses(binary.Left, found);
                FindAccesses(binary.Right, found);
                break;
            case ReferenceSyntax reference:
                FindAccesses(reference.Index, found);
                if (IsShared(reference))
                    found.Add(reference);
                break;
        }
    }

    private void Collect(IEnumerable<StatementSyntax> statements)
    {
        foreach (var statement in statements)
        {
            switch (statement)
            {
                case AssignSyntax assign:
                    Collect(assign.Target);
                    break;
                case AtomicSyntax atomic:
                    Collect(atomic.Target);
                    break;
                case IfSyntax branch:
                    Collect(branch.Then);
                    Collect(branch.Else);
                    break;
                case WhileSyntax loop:
                    Collect(loop.Body);
                    break;
                case RepeatSyntax loop:
                    Collect(loop.Body);
                    break;
            }
        }
    }

    private void Collect(ReferenceSyntax target)
    {
        if (target.Index == null && !IsShared(target) && !IsOwn(target.Name))
            Registers.Add(target.Name);
    }
}
