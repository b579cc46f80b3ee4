using System.Collections.Concurrent;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>
/// A user as a thread. The raw system call changes the thread's user only (libc's would change all threads); its working
/// directory, root and umask are its own (CLONE_FS); descriptors are those of the process.
/// </summary>
internal sealed class LiveActor : IDisposable
{
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="begin">What it does first, with all rights.</param>
    /// <param name="uid">Who it is from then on.</param>
    public LiveActor(Action begin, long uid)
    {
        thread = new Thread(Run) { IsBackground = true };
        thread.Start();
        Do(() =>
        {
            begin();
            if (uid != 0)
                LiveException.Checked(SystemCall.Any(117, -1, uid, -1), "setresuid");
            return 0;
        });
    }

    /// <summary>Lets the thread do something, and waits for it.</summary>
    public T Do<T>(Func<T> action) => Begin(action).GetAwaiter().GetResult();

    /// <summary>Lets the thread do something.</summary>
    /// <returns>What it comes to.</returns>
    public Task<T> Begin<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>();
        work.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception exception)
            {
                // Passed on to whoever waits.
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private void Run()
    {
        foreach (var action in work.GetConsumingEnumerable())
            action();
    }
}
