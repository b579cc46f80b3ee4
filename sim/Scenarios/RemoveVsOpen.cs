using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Scenarios;

/// <summary>A file that is cached and not open is opened, read and closed while its key is removed.</summary>
internal static class RemoveVsOpen
{
    public static KernelScenario Scenario { get; } = new("remove-vs-open", "a file is looked up and opened while its key is removed", Create);

    private static ScenarioInstance Create(Kernel kernel)
    {
        var disk = new EncryptedFile(kernel);
        var root = new Actor(kernel, user: 0);
        var reader = new Actor(kernel, user: 0);
        var read = new Register("read");
        var removal = new Register("removal");
        var data = new Register("data");
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", async () =>
            {
                await kernel.Mount();
                await root.AddKey(EncryptedFile.Key);
                await root.Cat(disk.Path, data);
            }),
            Threads =
            [
                new ThreadBody("reader", () => reader.Cat(disk.Path, read)),
                new ThreadBody("remover", () => root.RemoveKey(EncryptedFile.Key, removal)),
            ],
            Finally = new ThreadBody("finally", async () =>
            {
                await root.AddKey(EncryptedFile.Key);
                await root.Cat(disk.Path, data);
            }),
            Registers = [read, removal, data],
            Expectations =
            [
                new("readable", Frequency.Always, "data == \"hello\"", () => data.Is("hello")),
                new("read", Frequency.Sometimes, "read == \"hello\"", () => read.Is("hello")),
                new("locked", Frequency.Sometimes, "read == \"ENOENT\" || read == \"ENOKEY\"", () => read.Is("ENOENT") || read.Is("ENOKEY")),
                new("removed", Frequency.Sometimes, "removal == \"OK\"", () => removal.Is("OK")),
                new("busy", Frequency.Sometimes, "removal == \"OK[FILES_BUSY]\"", () => removal.Is("OK[FILES_BUSY]")),
            ],
        };
    }
}
