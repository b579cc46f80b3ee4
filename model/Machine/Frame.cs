using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>A suspended call of a kernel function: its state machine, and who called it.</summary>
internal abstract class Frame(KernelHost host)
{
    public readonly KernelHost Host = host;
    public Frame? Caller;
    public Frame? NextFree;
    public FrameArena.Pool? Pool;
    public bool Done;

    /// <summary>The compiler's state machine type, from which the method's name and source are read.</summary>
    public abstract Type StateMachineType { get; }

    public abstract void Resume();

    /// <summary>Writes down where in which function it is, and the locals.</summary>
    public abstract void WriteState(StateEncoder encoder);

    public void Complete()
    {
        Done = true;
        Caller?.Resume();
    }

    public void Reuse()
    {
        Done = false;
        Caller = null;
    }
}

internal abstract class ResultFrame<T>(KernelHost host) : Frame(host)
{
    public T Result = default!;
}


internal sealed class Frame<TStateMachine>(KernelHost host) : Frame(host)
    where TStateMachine : IAsyncStateMachine
{
    public TStateMachine StateMachine = default!;

    public override Type StateMachineType => typeof(TStateMachine);

    public override void Resume() => StateMachine.MoveNext();

    public override void WriteState(StateEncoder encoder) => encoder.AddFrame(ref StateMachine);
}

internal sealed class Frame<T, TStateMachine>(KernelHost host) : ResultFrame<T>(host)
    where TStateMachine : IAsyncStateMachine
{
    public TStateMachine StateMachine = default!;

    public override Type StateMachineType => typeof(TStateMachine);

    public override void Resume() => StateMachine.MoveNext();

    public override void WriteState(StateEncoder encoder) => encoder.AddFrame(ref StateMachine);
}

/// <summary>
/// The frames of one machine, by state machine type. At the next execution all are free again, so nothing is allocated in
/// steady state; within one, those whose call is over and whose result was taken.
/// </summary>
/// <remarks>A frame that was given back may be somebody else's when the functions of a running thread are asked for: whoever
/// asks for them has frames kept (<see cref="KeepsAll"/>).</remarks>
internal sealed class FrameArena
{
    private Pool?[] pools = new Pool?[64];
    private int generation = 1;

    /// <summary>Frames that were ever made.</summary>
    public int Made { get; private set; }

    /// <summary>Whether frames stay what they were to the end of the execution.</summary>
    public bool KeepsAll { get; set; }

    public void Reset() => generation++;

    /// <summary>A call is over, and its result was taken: nobody looks at its frame any more.</summary>
    public void GiveBack(Frame frame)
    {
        if (KeepsAll)
            return;
        var pool = frame.Pool!;
        frame.NextFree = pool.Free;
        pool.Free = frame;
    }

    public Frame<TStateMachine> Rent<TStateMachine>(KernelHost host)
        where TStateMachine : IAsyncStateMachine
    {
        var type = FrameNumber<TStateMachine>.Value;
        return Unsafe.As<Frame<TStateMachine>>(Take(type) ?? Add(type, new Frame<TStateMachine>(host)));
    }

    public Frame<T, TStateMachine> Rent<T, TStateMachine>(KernelHost host)
        where TStateMachine : IAsyncStateMachine
    {
        var type = FrameNumber<TStateMachine>.Value;
        return Unsafe.As<Frame<T, TStateMachine>>(Take(type) ?? Add(type, new Frame<T, TStateMachine>(host)));
    }

    private Frame? Take(int type)
    {
        if (type >= pools.Length || pools[type] is not { } pool)
            return null;
        if (pool.Generation != generation)
        {
            pool.Generation = generation;
            pool.Used = 0;
            pool.Free = null;
        }

        if (pool.Free is { } free)
        {
            pool.Free = free.NextFree;
            free.Reuse();
            return free;
        }

        var frames = pool.Frames;
        if ((uint)pool.Used >= (uint)frames.Length || frames[pool.Used] is not { } frame)
            return null;
        pool.Used++;
        frame.Reuse();
        return frame;
    }

    private Frame Add(int type, Frame frame)
    {
        if (type >= pools.Length)
            Array.Resize(ref pools, 2 * type);
        var pool = pools[type] ??= new Pool { Generation = generation };
        if (pool.Used == pool.Frames.Length)
            Array.Resize(ref pool.Frames, 2 * pool.Used);
        pool.Frames[pool.Used++] = frame;
        frame.Pool = pool;
        Made++;
        return frame;
    }

    internal sealed class Pool
    {
        public Frame? Free;
        public Frame?[] Frames = new Frame?[4];
        public int Used;
        public int Generation;
    }
}

/// <summary>Numbers the types of state machines of this process: an index into each arena, of no meaning to any run.</summary>
internal static class FrameNumber<TStateMachine>
{
    public static readonly int Value = FrameNumbers.Next();
}

internal static class FrameNumbers
{
    private static int last;

#pragma warning disable RS0030 // Two hosts on two threads may meet a type at once; no run can see the number.
    public static int Next() => System.Threading.Interlocked.Increment(ref last);
#pragma warning restore RS0030
}
