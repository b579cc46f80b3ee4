using System.Runtime.CompilerServices;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Properties.Search.Visited;

/// <summary>What the compiler makes in an unoptimised build of: <c>var kept = await Choose(2); await Point();</c></summary>
internal sealed class ClassMachine : IAsyncStateMachine
{
    // The compiler's would be a field with a name that is left out: here one is for all threads, of which there is one.
    private static KTaskBuilder builder;
    private static Step<int> chosen;
    private static Step point;

    private readonly Cellar cellar;
    private int state;
    private int kept;

    private ClassMachine(Cellar cellar) => this.cellar = cellar;

    public static KTask Run(Cellar cellar)
    {
        builder = KTaskBuilder.Create();
        var machine = new ClassMachine(cellar);
        builder.Start(ref machine);
        return builder.Task;
    }

    public void MoveNext()
    {
        var machine = this;
        switch (state++)
        {
            case 0:
                chosen = cellar.Host.Choose(2);
                builder.AwaitUnsafeOnCompleted(ref chosen, ref machine);
                break;
            case 1:
                kept = chosen.GetResult();
                point = cellar.Host.Point();
                builder.AwaitUnsafeOnCompleted(ref point, ref machine);
                break;
            default:
                point.GetResult();
                builder.SetResult();
                break;
        }
    }

    public void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    public override string ToString() => $"{state} {kept}";
}
