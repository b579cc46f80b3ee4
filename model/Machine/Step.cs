using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// One operation, to be awaited: a scheduling point. It is announced when the await begins, where the host decides who runs
/// next; its effect comes when the thread goes on. Nothing else in the model is a scheduling point.
/// </summary>
public readonly struct Step
{
    private readonly Operation operation;

    internal Step(in Operation operation) => this.operation = operation;

    /// <summary>Announces the operation.</summary>
    public Awaiter GetAwaiter() => new(operation);

    /// <summary>Waits for the thread's turn, and applies what it announced.</summary>
    public readonly struct Awaiter : IStepAwaiter, ICriticalNotifyCompletion
    {
        private readonly KernelThread thread;
        private readonly bool goesOn;

        internal Awaiter(Operation operation)
        {
            thread = operation.Object.Host.Current;
            goesOn = thread.Reach(operation);
        }

        KernelThread IStepAwaiter.Thread => thread;

        /// <summary>Whether the thread goes on at once.</summary>
        public bool IsCompleted => goesOn;

        /// <summary>Applies the operation.</summary>
        public void GetResult() => thread.Apply();

        public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

        public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
    }
}

/// <summary>An operation with a result of a value type, to be awaited.</summary>
/// <typeparam name="T">A type of at most eight bytes.</typeparam>
public readonly struct Step<T>
    where T : unmanaged
{
    private readonly Operation operation;

    internal Step(in Operation operation) => this.operation = operation;

    /// <inheritdoc cref="Step.GetAwaiter"/>
    public Awaiter GetAwaiter() => new(operation);

    /// <inheritdoc cref="Step.Awaiter"/>
    public readonly struct Awaiter : IStepAwaiter, ICriticalNotifyCompletion
    {
        private readonly KernelThread thread;
        private readonly bool goesOn;

        internal Awaiter(Operation operation)
        {
            thread = operation.Object.Host.Current;
            goesOn = thread.Reach(operation);
        }

        KernelThread IStepAwaiter.Thread => thread;

        /// <inheritdoc cref="Step.Awaiter.IsCompleted"/>
        public bool IsCompleted => goesOn;

        /// <inheritdoc cref="Step.Awaiter.GetResult"/>
        public T GetResult()
        {
            var bits = thread.Apply();
            return Unsafe.As<long, T>(ref bits);
        }

        public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

        public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
    }
}

/// <summary>An operation whose result is an object or nothing, to be awaited.</summary>
public readonly struct StepTo<T>
    where T : class
{
    private readonly Operation operation;

    internal StepTo(in Operation operation) => this.operation = operation;

    /// <inheritdoc cref="Step.GetAwaiter"/>
    public Awaiter GetAwaiter() => new(operation);

    /// <inheritdoc cref="Step.Awaiter"/>
    public readonly struct Awaiter : IStepAwaiter, ICriticalNotifyCompletion
    {
        private readonly KernelThread thread;
        private readonly bool goesOn;

        internal Awaiter(Operation operation)
        {
            thread = operation.Object.Host.Current;
            goesOn = thread.Reach(operation);
        }

        KernelThread IStepAwaiter.Thread => thread;

        /// <inheritdoc cref="Step.Awaiter.IsCompleted"/>
        public bool IsCompleted => goesOn;

        /// <inheritdoc cref="Step.Awaiter.GetResult"/>
        public T? GetResult()
        {
            thread.Apply();
            return Unsafe.As<T?>(thread.Host.TakeResult());
        }

        public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await an operation");

        public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
    }
}

/// <summary>An awaiter of one operation. The coroutine builder finds the thread, and so the machine, through it.</summary>
internal interface IStepAwaiter
{
    KernelThread Thread { get; }
}
