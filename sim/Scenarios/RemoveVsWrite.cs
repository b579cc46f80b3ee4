using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Scenarios;

/// <summary>
/// A file that was opened before is written and closed while its key is removed; then the key is added and the file read.
/// What the kernel's test suite has as generic/595.
/// </summary>
internal static class RemoveVsWrite
{
    public static KernelScenario Scenario { get; } = new("remove-vs-write", "a file is written and closed while its key is removed", Create);

    private static ScenarioInstance Create(Kernel kernel)
    {
        var disk = new EncryptedFile(kernel);
        var root = new Actor(kernel, user: 0);
        var writer = new Actor(kernel, user: 0);
        var removal = new Register("removal");
        var data = new Register("data");
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", async () =>
            {
                await kernel.Mount();
                await root.AddKey(EncryptedFile.Key);
                await root.Cat(disk.Path, data);
                await writer.Open(disk.Path);
            }),
            Threads =
            [
                new ThreadBody("writer", async () =>
                {
                    await writer.Write(disk.World);
                    await writer.Close();
                }),
                new ThreadBody("remover", () => root.RemoveKey(EncryptedFile.Key, removal)),
            ],
            Finally = new ThreadBody("finally", async () =>
            {
                await root.AddKey(EncryptedFile.Key);
                await root.Cat(disk.Path, data);
            }),
            Registers = [removal, data],
            Expectations =
            [
                new("lost-write", Frequency.Never, "data == \"hello\"", () => data.Is("hello")),
                new("removed", Frequency.Sometimes, "removal == \"OK\"", () => removal.Is("OK")),
                new("busy", Frequency.Sometimes, "removal == \"OK[FILES_BUSY]\"", () => removal.Is("OK[FILES_BUSY]")),
            ],
        };
    }
}
