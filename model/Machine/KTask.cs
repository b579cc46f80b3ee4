using System.Runtime.CompilerServices;

namespace Fscrypt.Sim.Model.Machine;

/// <summary>
/// A kernel function that can be preempted: a coroutine. It runs straight through as long as the host lets its thread go
/// on, and becomes a chain of <see cref="Frame"/>s when the host does not. Awaiting a KTask is a call, and no point.
/// </summary>
[AsyncMethodBuilder(typeof(KTaskBuilder))]
public readonly struct KTask
{
    internal readonly Frame? Frame;

    internal KTask(Frame? frame) => Frame = frame;

    /// <summary>A function that did all it had to do.</summary>
    public static KTask Done => default;

    public Awaiter GetAwaiter() => new(Frame);

    /// <summary>Awaits the end of a called kernel function.</summary>
    public readonly struct Awaiter : ICalleeAwaiter, ICriticalNotifyCompletion
    {
        private readonly Frame? callee;

        internal Awaiter(Frame? callee) => this.callee = callee;

        Frame? ICalleeAwaiter.Callee => callee;

        public bool IsCompleted => callee == null || callee.Done;

        public void GetResult()
        {
            if (callee != null)
                callee.Host.Frames.GiveBack(callee);
        }

        public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await a KTask");

        public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
    }
}

/// <summary>A kernel function with a result.</summary>
[AsyncMethodBuilder(typeof(KTaskBuilder<>))]
public readonly struct KTask<T>
{
    internal readonly ResultFrame<T>? Frame;
    private readonly T result;

    internal KTask(ResultFrame<T>? frame, T result)
    {
        Frame = frame;
        this.result = result;
    }

    /// <summary>A result that needed no operation.</summary>
    public KTask(T result)
        : this(null, result)
    {
    }

    public Awaiter GetAwaiter() => new(Frame, result);

    /// <summary>Awaits the end of a called kernel function, and its result.</summary>
    public readonly struct Awaiter : ICalleeAwaiter, ICriticalNotifyCompletion
    {
        private readonly ResultFrame<T>? callee;
        private readonly T result;

        internal Awaiter(ResultFrame<T>? callee, T result)
        {
            this.callee = callee;
            this.result = result;
        }

        Frame? ICalleeAwaiter.Callee => callee;

        public bool IsCompleted => callee == null || callee.Done;

        public T GetResult()
        {
            if (callee == null)
                return result;
            var taken = callee.Result;
            callee.Host.Frames.GiveBack(callee);
            return taken;
        }

        public void OnCompleted(Action continuation) => throw new NotSupportedException("only a KTask can await a KTask");

        public void UnsafeOnCompleted(Action continuation) => OnCompleted(continuation);
    }
}

internal interface ICalleeAwaiter
{
    Frame? Callee { get; }
}
