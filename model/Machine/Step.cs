using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// One operation of the running thread: a scheduling point. It was announced, and the host has chosen who runs next;
/// awaiting it waits for the thread's turn and applies it. Nothing else in the model is a scheduling point.
/// </summary>
/// <remarks>An operation is awaited where it is made: a thread announces one, applies it, and announces the next.</remarks>
public readonly struct Step : IStep, ICriticalNotifyCompletion
{
    private readonly KernelThread thread;

    internal Step(KernelThread thread) => this.thread = thread;

    KernelThread IStep.Thread => thread;

    /// <summary>Whether the thread goes on at once.</summary>
    public bool IsCompleted => thread.GoesOn;

    public Step GetAwaiter() => this;

    /// <summary>Applies the operation.</summary>
    public void GetResult() => thread.Apply();

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}

/// <summary>An operation with a result of a value type.</summary>
/// <typeparam name="T">A type of at most eight bytes.</typeparam>
public readonly struct Step<T> : IStep, ICriticalNotifyCompletion
    where T : unmanaged
{
    private readonly KernelThread thread;

    internal Step(KernelThread thread) => this.thread = thread;

    KernelThread IStep.Thread => thread;

    /// <inheritdoc cref="Step.IsCompleted"/>
    public bool IsCompleted => thread.GoesOn;

    public Step<T> GetAwaiter() => this;

    /// <inheritdoc cref="Step.GetResult"/>
    public T GetResult()
    {
        var bits = thread.Apply();
        return Unsafe.As<long, T>(ref bits);
    }

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}

/// <summary>An operation whose result is an object or nothing.</summary>
public readonly struct StepTo<T> : IStep, ICriticalNotifyCompletion
    where T : class
{
    private readonly KernelThread thread;

    internal StepTo(KernelThread thread) => this.thread = thread;

    KernelThread IStep.Thread => thread;

    /// <inheritdoc cref="Step.IsCompleted"/>
    public bool IsCompleted => thread.GoesOn;

    public StepTo<T> GetAwaiter() => this;

    /// <inheritdoc cref="Step.GetResult"/>
    public T? GetResult()
    {
        thread.Apply();
        return Unsafe.As<T?>(thread.Host.TakeResult());
    }

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}

/// <summary>An awaiter of one operation. The coroutine builder finds the thread, and so the machine, through it.</summary>
internal interface IStep
{
    KernelThread Thread { get; }
}
