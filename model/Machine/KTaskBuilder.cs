using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>Builds a <see cref="KTask"/> out of an async method: the C# compiler calls it.</summary>
public struct KTaskBuilder
{
    private Frame? frame;

    public static KTaskBuilder Create() => default;

    public readonly KTask Task => new(frame);

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public readonly void SetResult() => frame?.Complete();

    // No exception travels through the model: this one is a mistake of ours, and goes straight to the host's loop.
    public readonly void SetException(Exception exception) => ExceptionDispatchInfo.Throw(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => throw new NotSupportedException("a KTask awaits operations and KTasks only");

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        var host = Suspension.HostOf(ref awaiter);
        if (frame == null)
        {
            var rented = host.Frames.Rent<TStateMachine>(host);
            frame = rented;                     // before the copy: the copy must know its own frame
            rented.StateMachine = stateMachine;
        }

        Suspension.Park(ref awaiter, frame);
    }
}

/// <summary>Builds a <see cref="KTask{T}"/> out of an async method: the C# compiler calls it.</summary>
public struct KTaskBuilder<T>
{
    private ResultFrame<T>? frame;
    private T result;

    public static KTaskBuilder<T> Create() => default;

    public readonly KTask<T> Task => new(frame, result);

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public void SetResult(T value)
    {
        if (frame == null)
        {
            result = value;
        }
        else
        {
            frame.Result = value;
            frame.Complete();
        }
    }

    public readonly void SetException(Exception exception) => ExceptionDispatchInfo.Throw(exception);

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine => throw new NotSupportedException("a KTask awaits operations and KTasks only");

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine
    {
        var host = Suspension.HostOf(ref awaiter);
        if (frame == null)
        {
            var rented = host.Frames.Rent<T, TStateMachine>(host);
            frame = rented;
            rented.StateMachine = stateMachine;
        }

        Suspension.Park(ref awaiter, frame);
    }
}

/// <summary>What a coroutine that stops leaves behind: with an operation, the thread's innermost frame; with a call, its caller.</summary>
internal static class Suspension
{
    // The casts of a value type to its interface below cost no allocation: the JIT resolves them per awaiter type.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static KernelHost HostOf<TAwaiter>(ref TAwaiter awaiter)
    {
        if (awaiter is IStep)
            return ((IStep)awaiter).Thread.Host;
        if (awaiter is ICalleeAwaiter)
            return ((ICalleeAwaiter)awaiter).Callee!.Host;
        throw new NotSupportedException("a KTask awaits operations and KTasks only");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Park<TAwaiter>(ref TAwaiter awaiter, Frame frame)
    {
        if (awaiter is IStep)
            ((IStep)awaiter).Thread.Park(frame);
        else
            ((ICalleeAwaiter)awaiter!).Callee!.Caller = frame;
    }
}
