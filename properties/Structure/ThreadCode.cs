using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Fscrypt.Sim.Properties.Structure;

/// <summary>
/// What the threads of a machine run: the methods that are a KTask or a Step, and what they call, read from the compiled code. What
/// shows a thing to people is no thread's, also where a thread makes the text of a finding.
/// </summary>
internal sealed class ThreadCode : IDisposable
{
    private readonly DefaultAssemblyResolver resolver = new();
    private readonly Dictionary<MethodDefinition, List<MethodDefinition>> overrides = [];
    private readonly HashSet<MethodDefinition> reached = [];
    private readonly HashSet<ModuleDefinition> modules = [];

    /// <summary>Reads the code of some assemblies.</summary>
    public ThreadCode(params IEnumerable<System.Reflection.Assembly> assemblies)
    {
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        modules.UnionWith(assemblies.Select(a => ModuleDefinition.ReadModule(a.Location, new ReaderParameters { AssemblyResolver = resolver })));
        var methods = modules.SelectMany(m => m.GetTypes()).SelectMany(t => t.Methods).Where(m => m.HasBody || m.IsAbstract).ToList();
        foreach (var method in methods.Where(m => m.IsVirtual && m.HasBody))
            NoteOverride(method);
        var open = new Stack<MethodDefinition>(methods.Where(IsOfThread));
        while (open.TryPop(out var method))
        {
            if (!IsShown(method) && reached.Add(method))
                CalledBy(method).ToList().ForEach(open.Push);
        }
    }

    /// <summary>The methods that a thread runs as its own.</summary>
    public int Count => reached.Count;

    /// <summary>The methods that threads run and that look at something without being seen, as Type.Method.</summary>
    public IEnumerable<string> Peeking
        => reached.Where(m => Named(m).Any(c => IsPeek(c.Name))).Select(NameOf).Distinct().Order(StringComparer.Ordinal);

    public void Dispose()
    {
        foreach (var module in modules)
            module.Dispose();
        resolver.Dispose();
    }

    // MoveNext of a state machine whose builder is KTaskBuilder or KTaskBuilder<T>, and what returns a KTask without being async.
    private static bool IsOfThread(MethodDefinition method)
        => method.ReturnType.Name.Split('`')[0] is "KTask" or "Step"
            || (method.Name == "MoveNext" && method.DeclaringType.Fields.Any(f => f.FieldType.Name.StartsWith("KTaskBuilder", StringComparison.Ordinal)));

    private static bool IsShown(MethodDefinition method) => method.Name is "get_Name" or "ToString" or "Show" || IsPeek(method.Name);

    private static bool IsPeek(string name) => name.StartsWith("Peek", StringComparison.Ordinal) || name.StartsWith("get_Peek", StringComparison.Ordinal);

    private static IEnumerable<MethodReference> Named(MethodDefinition method)
        => method.HasBody ? method.Body.Instructions.Select(i => i.Operand).OfType<MethodReference>() : [];

    private IEnumerable<MethodDefinition> CalledBy(MethodDefinition method)
        => Named(method).Select(c => c.Resolve()).Where(c => c != null)
            .SelectMany(c => overrides.TryGetValue(c, out var more) ? more.Prepend(c) : [c]).Where(c => modules.Contains(c.Module));

    // A call of a virtual method may be one of any method that overrides or implements it.
    private void NoteOverride(MethodDefinition method)
    {
        var name = method.Name[(method.Name.LastIndexOf('.') + 1)..];
        foreach (var ancestor in AncestorsOf(method.DeclaringType))
        {
            foreach (var root in ancestor.Methods.Where(m => m.IsVirtual && m.Name == name && m.Parameters.Count == method.Parameters.Count))
            {
                if (!overrides.TryGetValue(root, out var list))
                    overrides.Add(root, list = []);
                list.Add(method);
            }
        }
    }

    private static IEnumerable<TypeDefinition> AncestorsOf(TypeDefinition type)
        => type.Interfaces.Select(i => i.InterfaceType).Append(type.BaseType).Where(t => t != null).Select(t => t.Resolve())
            .Where(t => t != null).SelectMany(t => AncestorsOf(t).Prepend(t));

    // Of what the compiler made, the method that it was made of: <Iput>d__7.MoveNext, <Iput>b__0.
    private static string NameOf(MethodDefinition method)
    {
        var (type, name) = (method.DeclaringType, method.Name);
        for (; type.Name.StartsWith('<'); type = type.DeclaringType)
        {
            if (type.Name.IndexOf('>', StringComparison.Ordinal) is > 1)
                name = type.Name;
        }

        name = name.StartsWith('<') ? name[1..name.IndexOf('>', StringComparison.Ordinal)] : name;
        return $"{type.Name.Split('`')[0]}.{(name.StartsWith("get_", StringComparison.Ordinal) ? name[4..] : name)}";
    }
}
