using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Scenarios;

/// <summary>A second user adds the key and opens a file while the first user removes the key.</summary>
internal static class RemoveVsUnlock
{
    public static KernelScenario Scenario { get; } = new("remove-vs-unlock", "a second user adds the key and reads while the first removes it", Create);

    private static ScenarioInstance Create(Kernel kernel)
    {
        var disk = new EncryptedFile(kernel);
        var alice = new Actor(kernel, user: 1);
        var bob = new Actor(kernel, user: 2);
        var unlock = new Register("unlock");
        var read = new Register("read");
        var removal = new Register("removal");
        var status = new Register("status");
        return new ScenarioInstance
        {
            Setup = new ThreadBody("setup", async () =>
            {
                await kernel.Mount();
                await alice.AddKey(EncryptedFile.Key);
                await alice.Cat(disk.Path, read);
            }),
            Threads =
            [
                new ThreadBody("bob", async () =>
                {
                    await bob.AddKey(EncryptedFile.Key, unlock);
                    await bob.Cat(disk.Path, read);
                }),
                new ThreadBody("alice", () => alice.RemoveKey(EncryptedFile.Key, removal)),
            ],
            Finally = new ThreadBody("finally", () => bob.Status(EncryptedFile.Key, status)),
            Registers = [unlock, read, removal, status],
            Expectations =
            [
                new("unlocked", Frequency.Always, "unlock == \"OK\" && read == \"hello\"", () => unlock.Is("OK") && read.Is("hello")),
                new("present", Frequency.Always, "status == \"PRESENT\"", () => status.Is("PRESENT")),
                new("removed", Frequency.Sometimes, "removal == \"OK\"", () => removal.Is("OK")),
                new("shared", Frequency.Sometimes, "removal == \"OK[OTHER_USERS]\"", () => removal.Is("OK[OTHER_USERS]")),
                new("busy", Frequency.Sometimes, "removal == \"OK[FILES_BUSY]\"", () => removal.Is("OK[FILES_BUSY]")),
            ],
        };
    }
}
