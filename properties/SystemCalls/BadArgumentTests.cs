using Fscrypt.Sim.Engines;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Model.Machine;
using Fscrypt.Sim.Model.Releases;
using Fscrypt.Sim.Model.SystemCalls;
using Fscrypt.Sim.Model.Vfs;
using Fscrypt.Sim.Search;
using Xunit;

namespace Fscrypt.Sim.Properties.SystemCalls;

/// <summary>Every byte of every argument is something else, one after another: which error it is, and that it changes nothing.</summary>
public static class BadArgumentTests
{
    private const int Root = 0;
    private const int Alice = 1;                                   // has a claim on K1; nobody else has
    private static readonly byte[] Values = [0, 1, 2, 65, 0xff];

    [Theory]
    [InlineData("v5.4")]
    [InlineData("v5.6")]
    [InlineData("v6.18")]
    public static void Every_byte_of_the_arguments_is_looked_at_as_specified(string release)
    {
        var errors = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var user in new[] { Root, Alice })
        {
            foreach (var type in new[] { KeyIdentities.Descriptor, KeyIdentities.Identifier })
            {
                Poke("add", KeyArgument.AddSize, (machine, offset, value) => machine.Add(type, 64, user, offset, value));
                Poke("add by id", KeyArgument.AddSize, (machine, offset, value) => machine.Add(type, 0, user, offset, value));
                Poke("remove", KeyArgument.RemoveSize, (machine, offset, value) => machine.Remove(type, user, allUsers: false, offset, value));
                Poke("remove all", KeyArgument.RemoveSize, (machine, offset, value) => machine.Remove(type, user, allUsers: true, offset, value));
                Poke("status", KeyArgument.StatusSize, (machine, offset, value) => machine.Status(type, user, offset, value));
            }
        }

        Assert.True(errors["add EINVAL"] > 500 && errors["add OK"] > 100 && errors["add EACCES"] > 100, string.Join(", ", errors));
        Assert.True(errors["remove EINVAL"] > 300 && errors["remove OK"] > 50 && errors["remove ENOKEY"] > 50, string.Join(", ", errors));
        Assert.True(errors["remove all EACCES"] > 300, string.Join(", ", errors));
        Assert.True(errors["status EINVAL"] > 300 && errors["status OK"] > 500, string.Join(", ", errors));
        void Poke(string operation, int size, Func<Machine, int, byte, Errno> call)
        {
            const int BytesOfMachine = 4;                          // a machine has at most 64 keys
            Machine? machine = null;
            for (var offset = 0; offset < size; offset++)
            {
                machine = machine == null || offset % BytesOfMachine == 0 ? new Machine(KernelRelease.Named(release)!) : machine;
                foreach (var value in Values)
                {
                    var result = $"{operation} {call(machine, offset, value)}";
                    errors[result] = errors.GetValueOrDefault(result) + 1;
                }
            }
        }

        Assert.Equal(release == "v5.4", !errors.ContainsKey("add by id ENOKEY"));
        Assert.Equal(KernelRelease.Named(release)!.IsAtLeast(KernelRelease.Named("v6.18")!), errors.ContainsKey("add EOPNOTSUPP"));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(31, true)]
    [InlineData(32, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(4000, false)]
    public static void A_key_has_16_to_64_bytes(int size, bool fits)
    {
        var machine = new Machine(KernelRelease.Named("v6.18")!);
        Assert.Equal(fits ? Errno.OK : Errno.EINVAL, machine.Add(KeyIdentities.Identifier, size, Alice, 0, 2));
        Assert.Equal(fits ? Errno.OK : Errno.EINVAL, machine.Add(KeyIdentities.Descriptor, size, Root, 0, 1));
        Assert.Equal(Errno.EACCES, machine.Add(KeyIdentities.Descriptor, size, Alice, 0, 1));
    }

    [Fact]
    public static void Every_mode_and_flag_of_a_policy_is_looked_at_as_specified()
    {
        var machine = new Machine(KernelRelease.Named("v6.18")!);
        var accepted = 0;
        foreach (var version in new[] { 1, 2 })
        {
            for (var mode = 0; mode < 256; mode++)
            {
                accepted += machine.SetPolicy(new EncryptionPolicy(version, 0, mode, EncryptionPolicy.Aes256Cts, 3), mode == 1);
                accepted += machine.SetPolicy(new EncryptionPolicy(version, 0, EncryptionPolicy.Aes256Xts, mode, 3), mode == 4 || (mode == 10 && version == 2));
                accepted += machine.SetPolicy(EncryptionPolicy.Usual(version, 0, mode), mode < 4);
                accepted += machine.SetPolicy(new EncryptionPolicy(version, 0, EncryptionPolicy.Adiantum, EncryptionPolicy.Adiantum, mode), mode < 8);
            }
        }

        Assert.Equal((2 * (1 + 1 + 4 + 8)) + 1, accepted);
    }

    [Fact]
    public static void What_an_operation_changes_is_seen()
    {
        var machine = new Machine(KernelRelease.Named("v6.18")!);
        Assert.True(machine.Changes(k => k.Calls.AddKey(1, Alice)));
        Assert.True(machine.Changes(k => k.Calls.AddKey(0, Root)));
        Assert.False(machine.Changes(k => k.Calls.AddKey(0, Alice)));
    }

    // A kernel on which alice added K1 and opened a file of it, and on which each call begins afresh.
    private sealed class Machine
    {
        private static readonly byte[] Descriptor = "descK1__"u8.ToArray();

        private readonly NativeHost<DepthFirst> host = new(new DepthFirst(0));
        private readonly Kernel kernel;
        private readonly StateEncoder encoder;
        private readonly ulong[] unchanged;
        private readonly ArgumentLayout layout;

        public Machine(KernelRelease release)
        {
            layout = new ArgumentLayout(release);
            kernel = new Kernel(host, new KernelConfiguration { Release = release });
            var policy = EncryptionPolicy.Usual(2, 0);
            kernel.Policies.NumberOf(policy);
            int[] directory = [kernel.Disk.FileName("d")];
            int[] file = [.. directory, kernel.Disk.FileName("f")];
            Assert.True(host.RunAlone(new ThreadBody("setup", async () =>
            {
                await kernel.Mount();
                await kernel.Calls.AddKey(0, Alice);
                await kernel.Calls.Mkdir(directory, Alice);
                await kernel.Calls.SetPolicy(directory, policy, Alice);
                var (_, created) = await kernel.Calls.Create(file, Alice);
                await kernel.Calls.Close(created!);
                await kernel.Calls.Mkdir([kernel.Disk.FileName("e")], Alice);
            })));
            host.Checkpoint();
            encoder = new StateEncoder(host, clocks: false);
            unchanged = After(_ => default);
        }

        public Errno Add(int type, int size, int user, int offset, byte value)
        {
            var argument = KeyArgument.Add(type, type == KeyIdentities.Descriptor ? Descriptor : default, KeyIdentities.BytesOfNamed(0, size))
                .Poke(offset, value);
            return Expect(layout.Add(argument.Bytes, user == Root), argument, k => k.Calls.AddKey(argument, user));
        }

        public Errno Remove(int type, int user, bool allUsers, int offset, byte value)
        {
            var argument = KeyArgument.Remove(type, NameOf(type)).Poke(offset, value);
            var expected = ArgumentLayout.Remove(argument.Bytes, user == Root, allUsers);
            if (expected == Errno.OK && !(IsK1(argument) && (allUsers || user == Alice)))
                expected = Errno.ENOKEY;
            return Expect(expected, argument, async k => (await k.Calls.RemoveKey(argument, user, allUsers)).Error);
        }

        public Errno Status(int type, int user, int offset, byte value)
        {
            var argument = KeyArgument.Status(type, NameOf(type)).Poke(offset, value);
            KeyStatusAnswer answer = default;
            var error = Expect(ArgumentLayout.Status(argument.Bytes), argument, async k =>
            {
                (var error, answer) = await k.Calls.KeyStatus(argument, user);
                return error;
            });
            var isThere = error == Errno.OK && IsK1(argument);
            Assert.Equal(isThere ? new KeyStatusAnswer(KeyStatus.Present, 1, user == Alice) : default, answer);
            Assert.Equal(unchanged, encoder.Encode());
            return error;
        }

        public int SetPolicy(EncryptionPolicy policy, bool isSupported)
        {
            int[] directory = [kernel.Disk.FileName("e")];
            var error = Errno.EIO;
            After(async k => error = await k.Calls.SetPolicy(directory, policy, Alice));
            Assert.Equal(isSupported ? Errno.OK : Errno.EINVAL, error);
            return error == Errno.OK ? 1 : 0;
        }

        public bool Changes(Func<Kernel, KTask<Errno>> call) => !After(call).AsSpan().SequenceEqual(unchanged);

        private Errno Expect(Errno expected, KeyArgument argument, Func<Kernel, KTask<Errno>> call)
        {
            var error = Errno.EIO;
            var state = After(async k => error = await call(k));
            if (expected != error || (error != Errno.OK && !state.AsSpan().SequenceEqual(unchanged)))
                Assert.Fail($"{Convert.ToHexStringLower(argument.Bytes)}: {expected} and no change is specified, and {error} is answered");
            return error;
        }

        private ulong[] After(Func<Kernel, KTask<Errno>> call)
        {
            host.Restore();
            Assert.True(host.RunAlone(new ThreadBody("call", async () => await call(kernel))), host.Finding?.ToString());
            return encoder.Encode().ToArray();
        }

        private ReadOnlySpan<byte> NameOf(int type) => type == KeyIdentities.Descriptor ? Descriptor : kernel.Keyring.Identities.BytesOf(0);

        private bool IsK1(KeyArgument argument)
            => ArgumentLayout.MeanTheSameKey(argument.Bytes, KeyArgument.Status(KeyIdentities.Identifier, NameOf(KeyIdentities.Identifier)).Bytes);
    }
}
