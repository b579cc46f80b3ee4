using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios.Calls;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>Makes a program of a scenario file of shared variables, or says what is wrong with it.</summary>
public static class ProgramCompiler
{
    /// <summary>Elements of an array.</summary>
    public const int SizeMax = 4096;

    /// <summary>Shared variables, locks and semaphores, element by element.</summary>
    public const int CellsMax = 10_000;

    // Names that mean something else where a variable could stand.
    private static readonly string[] Reserved = [ThreadNames.Id, "deadlock"];

    /// <summary>Whether a file is a program of shared variables; otherwise it is a scenario of system calls.</summary>
    public static bool IsProgram(ScenarioSyntax syntax)
        => !syntax.Shared.IsEmpty || CallChecker.Bodies(syntax).Any(b => b.Statements.Any(IsOfProgram));

    /// <summary>Makes the program.</summary>
    /// <returns>Null if there are mistakes.</returns>
    public static ProgramCode? Compile(ScenarioSyntax syntax, Diagnostics diagnostics)
    {
        RefuseTheOtherKind(syntax, diagnostics);
        var shared = Declare(syntax.Shared, diagnostics);
        var byName = shared.ToDictionary(s => s.Name, StringComparer.Ordinal);
        var threads = new List<ProgramThread>();
        if (syntax.Threads.IsEmpty)
            diagnostics.Add(syntax.Name.Place, "a program has a thread at least");
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var thread in syntax.Threads)
        {
            var name = thread.Name.Text;
            var copies = thread.Copies ?? 1;
            if (!known.Add(name))
                diagnostics.Add(thread.Name.Place, $"a second thread {name}: copies are made by thread {name} * 2");
            if (copies < 1 || copies > KernelHost.ThreadsMax || threads.Count + copies > KernelHost.ThreadsMax)
            {
                diagnostics.Add(thread.Name.Place, FormattableString.Invariant($"a scenario has 1 to {KernelHost.ThreadsMax} threads, copies included"));
                copies = 1;
            }

            var names = new ThreadNames(byName, thread.Statements, diagnostics);
            var compiler = new ThreadCompiler(names);
            var code = compiler.Compile(thread.Statements);
            for (var id = 0; id < copies; id++)
            {
                var own = thread.Copies == null ? name : string.Create(CultureInfo.InvariantCulture, $"{name}[{id}]");
                threads.Add(new ProgramThread(own, id, code, [.. names.Registers], compiler.Counters));
            }
        }

        return diagnostics.Any ? null : new ProgramCode(syntax.Name.Text, shared, [.. threads]);
    }

    private static bool IsOfProgram(StatementSyntax statement) => statement switch
    {
        CallSyntax => false,
        RepeatSyntax repeat => repeat.Body.Any(IsOfProgram),
        _ => true,
    };

    private static void RefuseTheOtherKind(ScenarioSyntax syntax, Diagnostics diagnostics)
    {
        if (syntax.Setup != null)
            diagnostics.Add(syntax.Setup.Name.Place, "a program has no set-up: shared x = 1 says what a variable begins with");
        if (syntax.Finally != null)
            diagnostics.Add(syntax.Finally.Name.Place, "a program has no last part: an expectation asks for the final values");
        foreach (var user in syntax.Users)
            diagnostics.Add(user.Name.Place, "a program of shared variables has no users");
        foreach (var background in syntax.Backgrounds)
            diagnostics.Add(background.Name.Place, "a program of shared variables has no threads of the kernel's");
        foreach (var fault in syntax.Faults)
            diagnostics.Add(fault.Error.Place, "a program of shared variables has no operations that fail");
    }

    private static ImmutableArray<SharedObject> Declare(ImmutableArray<SharedSyntax> declarations, Diagnostics diagnostics)
    {
        var shared = new List<SharedObject>();
        var cells = 0;
        foreach (var declaration in declarations)
        {
            var (name, place) = (declaration.Name.Text, declaration.Name.Place);
            var size = declaration.Size ?? 1;
            if (Reserved.Contains(name) || shared.Exists(s => s.Name == name))
            {
                diagnostics.Add(place, Reserved.Contains(name)
                    ? $"{name} has a meaning of its own: nothing shared can have that name"
                    : $"a second {name}");
                continue;
            }

            if (size is < 1 or > SizeMax)
                diagnostics.Add(place, FormattableString.Invariant($"an array has 1 to {SizeMax} elements"));
            else if (cells <= CellsMax && cells + size > CellsMax)
                diagnostics.Add(place, FormattableString.Invariant($"more than {CellsMax:N0} variables, locks and semaphores, elements included"));
            var elements = (int)Math.Clamp(size, 1, SizeMax);
            shared.Add(new SharedObject(name, declaration.Kind, cells, elements, declaration.Size != null, declaration.Initial));
            cells += elements;
        }

        return [.. shared];
    }
}
