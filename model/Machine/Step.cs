using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>An awaiter of one operation. The coroutine builder finds the machine through it.</summary>
internal interface IStep
{
    KernelHost Host { get; }
}

/// <summary>
/// One operation, to be awaited: a scheduling point. Its announcement is in <see cref="IsCompleted"/>, where the host
/// decides who runs next; its effect is in <see cref="GetResult"/>. Nothing else in the model is a scheduling point.
/// </summary>
public readonly struct Step : IStep, ICriticalNotifyCompletion
{
    private readonly Operation operation;

    internal Step(in Operation operation) => this.operation = operation;

    KernelHost IStep.Host => operation.Object.Host;

    /// <summary>Announces the operation; true if this thread goes on at once.</summary>
    public bool IsCompleted => operation.Quiet || operation.Object.Host.Reach(in operation);

    public Step GetAwaiter() => this;

    /// <summary>Applies the operation.</summary>
    public void GetResult() => operation.Object.Host.Apply(in operation);

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}

/// <summary>An operation with a result of a value type, to be awaited.</summary>
/// <typeparam name="T">A type of at most eight bytes.</typeparam>
public readonly struct Step<T> : IStep, ICriticalNotifyCompletion
    where T : unmanaged
{
    private readonly Operation operation;

    internal Step(in Operation operation) => this.operation = operation;

    KernelHost IStep.Host => operation.Object.Host;

    /// <inheritdoc cref="Step.IsCompleted"/>
    public bool IsCompleted => operation.Quiet || operation.Object.Host.Reach(in operation);

    public Step<T> GetAwaiter() => this;

    /// <inheritdoc cref="Step.GetResult"/>
    public T GetResult()
    {
        var bits = operation.Object.Host.Apply(in operation);
        return Unsafe.As<long, T>(ref bits);
    }

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}

/// <summary>An operation whose result is an object or nothing, to be awaited.</summary>
public readonly struct StepTo<T> : IStep, ICriticalNotifyCompletion
    where T : class
{
    private readonly Operation operation;

    internal StepTo(in Operation operation) => this.operation = operation;

    KernelHost IStep.Host => operation.Object.Host;

    /// <inheritdoc cref="Step.IsCompleted"/>
    public bool IsCompleted => operation.Quiet || operation.Object.Host.Reach(in operation);

    public StepTo<T> GetAwaiter() => this;

    /// <inheritdoc cref="Step.GetResult"/>
    public T? GetResult()
    {
        operation.Object.Host.Apply(in operation);
        return Unsafe.As<T?>(operation.Object.Host.TakeResult());
    }

    public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

    public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
}
