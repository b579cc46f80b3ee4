using System.Globalization;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Programs;

/// <summary>
/// A program on a machine of the model: its threads are coroutines there, each of whose steps is one shared access, and
/// every engine runs them. To be made before the checkpoint, for which nothing has to run.
/// </summary>
public sealed class ProgramInstance
{
    private readonly Interpreter interpreter;

    private ProgramInstance(KernelHost host, ProgramCode code)
    {
        interpreter = new Interpreter(host, code);
        Threads = [.. code.Threads.Select((t, i) => new ThreadBody(t.Name, async () =>
        {
            while (interpreter.Advance(i))
                await interpreter.Next(i);
        }))];
        Registers = [.. NamesOf(code).Select(n => new Register(n))];
    }

    /// <summary>The threads of the program.</summary>
    public ThreadBody[] Threads { get; }

    /// <summary>The outcome: all registers of all threads (<c>a.r</c>, <c>p[0].r</c>), then all variables (<c>x</c>, <c>a[0]</c>).</summary>
    public Register[] Registers { get; }

    /// <summary>The program as it stands.</summary>
    public ProgramMachine Machine => interpreter.Machine;

    /// <summary>Binds a program to a machine of the model.</summary>
    public static ProgramInstance Create(KernelHost host, ProgramCode code) => new(host, code);

    /// <summary>The names of an outcome, in its order.</summary>
    public static IEnumerable<string> NamesOf(ProgramCode code)
        => code.Threads.SelectMany(t => t.Registers.Select(r => $"{t.Name}.{r}"))
            .Concat(code.Shared.Where(s => s.Kind == SharedKind.Variable).SelectMany(s => Enumerable.Range(0, s.Size).Select(s.NameOf)));

    /// <summary>Copies the values of the machine into the <see cref="Registers"/>: at the end of an execution, and in a deadlock.</summary>
    public void Collect() => Collect(interpreter.Machine, Registers);

    /// <summary>Copies the values of a machine into an outcome, which <see cref="NamesOf"/> names.</summary>
    internal static void Collect(ProgramMachine machine, Register[] registers)
    {
        var (code, next) = (machine.Code, 0);
        for (var thread = 0; thread < code.Threads.Length; thread++)
        {
            for (var register = 0; register < code.Threads[thread].Registers.Length; register++)
                registers[next++].Set(machine.RegisterOf(thread, register));
        }

        for (var cell = 0; cell < code.Cells; cell++)
        {
            if (code.ObjectOf(cell).Kind == SharedKind.Variable)
                registers[next++].Set(machine.ValueOf(cell));
        }
    }

    /// <summary>The state of a program as an object of the model.</summary>
    private sealed class Interpreter(KernelHost host, ProgramCode code) : InterpretedObject(host)
    {
        [NotState("the state of the checkpoint")]
        private readonly long[] kept = new ProgramMachine(code).State.ToArray();

        [NotState("written row by row")]
        public ProgramMachine Machine { get; } = new(code);

        // What changes are changes of variables and registers: they need no other name than their own.
        public override string Name => "";

        public bool Advance(int thread)
        {
            Invariant.Holds(Host.Current.Index == thread, "the threads of a program are the first of an execution, in their order");
            Changing();
            return Machine.Advance(thread) || Told(Machine.Fault);
        }

        public Step Next(int thread) => Announce(Machine.Announced(thread).Cell, thread);

        public override string Describe(in Operation operation)
        {
            var thread = (int)operation.Argument;
            if (Machine.AnnouncedBy(thread) is not { } instruction)
                return "";
            var text = instruction.Around.Before + Machine.Code.NameOf(CellOf(in operation)) + instruction.Around.After;
            return Machine.MustQueue(thread) ? text + " (queues)" : text;
        }

        public override string? DescribeResult(in Operation operation, long result)
            => result == 0 ? null : Machine.Result.ToString(CultureInfo.InvariantCulture);

        public override bool OnlyReads(in Operation operation) => Machine.Announced((int)operation.Argument).OnlyReads;

        protected override bool WouldOnlyRead(in Operation operation) => !Machine.FootprintOf((int)operation.Argument).Writes;

        // All steps of a semaphore write it, so that its queue stands as it did after the last of them.
        protected override Obstacle ObstacleOf(in Operation operation) => Machine.Announced((int)operation.Argument).Kind switch
        {
            InstructionKind.Acquire => Obstacle.Holder,
            InstructionKind.Await => Obstacle.Unknown,
            _ => Machine.MayBlock((int)operation.Argument) ? Obstacle.Queue : Obstacle.None,
        };

        protected override bool IsHeld(int cell) => Machine.ValueOf(cell) != 0;

        public override string CellName(int cell) => Machine.Code.NameOf(cell);

        public override IEnumerable<CellText> Show()
        {
            for (var cell = 0; cell < Machine.Code.Cells; cell++)
                yield return new CellText(CellName(cell), Show(cell));
            for (var thread = 0; thread < Machine.Code.Threads.Length; thread++)
            {
                var (name, registers) = (Machine.Code.Threads[thread].Name, Machine.Code.Threads[thread].Registers);
                for (var i = 0; i < registers.Length; i++)
                    yield return new CellText($"{name}.{registers[i]}", Show(Machine.RegisterOf(thread, i)));
            }
        }

        public override void WriteState(StateEncoder encoder) => encoder.Add(Machine.State);

        // The result says whether the step has one to be told.
        protected override long Apply(in Operation operation)
        {
            var thread = (int)operation.Argument;
            var kind = Machine.Announced(thread).Kind;
            Machine.Step(thread);
            if (Machine.Fault != null)
                Told(Machine.Fault);
            if (kind is not (InstructionKind.Read or InstructionKind.Await))
                CellChanged(CellOf(in operation));
            return kind is InstructionKind.Read or (>= InstructionKind.CompareExchange and <= InstructionKind.TryAcquire) ? 1 : 0;
        }

        protected override bool CanRun(in Operation operation) => Machine.IsEnabled((int)operation.Argument);

        protected override int HolderOf(in Operation operation) => Machine.HolderOf((int)operation.Argument);

        protected override void Save() => Machine.State.CopyTo(kept);

        protected override void Restore() => Machine.Load(kept);

        private static string Show(long value) => value.ToString(CultureInfo.InvariantCulture);

        private string Show(int cell)
        {
            var value = Machine.ValueOf(cell);
            return (Machine.Code.ObjectOf(cell).Kind, value) switch
            {
                (SharedKind.Variable, _) => Show(value),
                (_, 0) => "free",
                (SharedKind.Lock, _) => $"held by {Machine.Code.Threads[(int)value - 1].Name}",
                (_, < 0) => $"held by {Machine.Code.Threads[(int)(-1 - value)].Name}",
                _ => $"{Show(value)} readers",
            };
        }

        private bool Told(ProgramFault? fault)
        {
            if (fault?.Rule != null)
                Host.Report(new Finding(fault.Rule, fault.Message));
            else if (fault != null)
                Host.GiveUp(fault.Message);
            return false;
        }
    }
}
