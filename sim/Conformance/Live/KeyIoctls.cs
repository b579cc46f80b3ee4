using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using Fscrypt.Sim.Model.Fscrypt;
using Fscrypt.Sim.Scenarios.Calls;

namespace Fscrypt.Sim.Conformance.Live;

/// <summary>The ioctls of include/uapi/linux/fscrypt.h, with arguments made of what a step says.</summary>
internal static class KeyIoctls
{
    private static readonly uint SetPolicyCommand = Command(2, 19, 12);
    private static readonly uint GetPolicyCommand = Command(1, 21, 12);
    private static readonly uint GetPolicyExCommand = Command(3, 22, 9);
    private static readonly uint AddCommand = Command(3, 23, 80);
    private static readonly uint RemoveCommand = Command(3, 24, 64);
    private static readonly uint RemoveAllCommand = Command(3, 25, 64);
    private static readonly uint StatusCommand = Command(3, 26, 128);
    private static readonly uint GetNonceCommand = Command(2, 27, 16);

    /// <summary>FS_IOC_ADD_ENCRYPTION_KEY.</summary>
    public static JsonObject Add(int file, StepArguments step)
    {
        var raw = Keys.BytesOf(step[0]);
        var argument = new byte[80 + raw.Length];
        Specify(argument, step);
        if (step.Option("spec") == null)
            argument.AsSpan(8, 32).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(argument.AsSpan(40), (uint)raw.Length);
        raw.CopyTo(argument.AsSpan(80));
        Poke(argument, step);
        return Answer.Of(SystemCall.Ioctl(file, AddCommand, argument));
    }

    /// <summary>FS_IOC_REMOVE_ENCRYPTION_KEY, for one user or all.</summary>
    public static JsonObject Remove(int file, StepArguments step, bool allUsers)
    {
        var argument = new byte[64];
        Specify(argument, step);
        Poke(argument, step);
        var result = SystemCall.Ioctl(file, allUsers ? RemoveAllCommand : RemoveCommand, argument);
        if (result < 0)
            return Answer.Of(result);
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(argument.AsSpan(40));
        var names = new JsonArray();
        if ((flags & 1) != 0)
            names.Add("FILES_BUSY");
        if ((flags & 2) != 0)
            names.Add("OTHER_USERS");
        return Answer.With(result, "flags", names);
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_KEY_STATUS.</summary>
    public static JsonObject Status(int file, StepArguments step)
    {
        var argument = new byte[128];
        Specify(argument, step);
        Poke(argument, step);
        var result = SystemCall.Ioctl(file, StatusCommand, argument);
        var answer = Answer.Of(result);
        if (result < 0)
            return answer;
        answer["status"] = BinaryPrimitives.ReadUInt32LittleEndian(argument.AsSpan(64)) switch
        {
            1 => "ABSENT", 2 => "PRESENT", 3 => "INCOMPLETELY_REMOVED", var other => other.ToString(CultureInfo.InvariantCulture),
        };
        answer["added_by_self"] = (argument[68] & 1) != 0;
        answer["user_count"] = BinaryPrimitives.ReadUInt32LittleEndian(argument.AsSpan(72));
        return answer;
    }

    /// <summary>FS_IOC_SET_ENCRYPTION_POLICY.</summary>
    public static JsonObject SetPolicy(int file, StepArguments step)
    {
        var isOld = step.Option("v") == "1";
        var argument = new byte[isOld ? 12 : 24];
        argument[0] = (byte)(isOld ? 0 : 2);
        argument[1] = (byte)step.Number("contents", 1);
        argument[2] = (byte)step.Number("names", 4);
        argument[3] = (byte)step.Number("flags", 3);
        if (isOld)
            Keys.DescriptorOf(step[1]).CopyTo(argument.AsSpan(4));
        else
            IdentifierOf(step[1]).CopyTo(argument.AsSpan(8));
        return Answer.Of(SystemCall.Ioctl(file, SetPolicyCommand, argument));
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_POLICY_EX.</summary>
    public static JsonObject GetPolicy(int file, StepArguments step)
    {
        var argument = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(argument, (ulong)step.Number("psize", 24));
        var result = SystemCall.Ioctl(file, GetPolicyExCommand, argument);
        var answer = Answer.Of(result);
        if (result < 0)
            return answer;
        var isOld = argument[8] == 0;
        answer["size"] = BinaryPrimitives.ReadInt64LittleEndian(argument);
        answer["version"] = isOld ? 1 : argument[8];
        answer["contents"] = argument[9];
        answer["names"] = argument[10];
        answer["flags"] = argument[11];
        var key = isOld ? argument.AsMemory(12, 8) : argument.AsMemory(16, 16);
        answer["key"] = Enumerable.Range(1, KeyIdentities.NamedKeys).Select(i => string.Create(CultureInfo.InvariantCulture, $"K{i}"))
            .FirstOrDefault(k => key.Span.SequenceEqual(isOld ? Keys.DescriptorOf(k) : IdentifierOf(k))) ?? "?";
        return answer;
    }

    /// <summary>FS_IOC_GET_ENCRYPTION_POLICY, which knows of version 1 only.</summary>
    public static JsonObject GetPolicyOld(int file) => Answer.Of(SystemCall.Ioctl(file, GetPolicyCommand, new byte[12]));

    /// <summary>FS_IOC_GET_ENCRYPTION_NONCE.</summary>
    public static JsonObject GetNonce(int file) => Answer.Of(SystemCall.Ioctl(file, GetNonceCommand, new byte[16]));

    private static void Specify(Span<byte> argument, StepArguments step)
    {
        var isDescriptor = step.Option("spec") != null;
        BinaryPrimitives.WriteUInt32LittleEndian(argument, isDescriptor ? 1u : 2u);
        if (isDescriptor)
            Keys.DescriptorOf(step[0]).CopyTo(argument[8..]);
        else
            IdentifierOf(step[0]).CopyTo(argument[8..]);
    }

    private static void Poke(Span<byte> argument, StepArguments step)
    {
        if (step.Option("poke")?.Split(':') is [var offset, var value])
            argument[int.Parse(offset, CultureInfo.InvariantCulture)] = byte.Parse(value, CultureInfo.InvariantCulture);
    }

    private static byte[] IdentifierOf(string key) => KeyIdentities.Derive(Keys.BytesOf(key));

    private static uint Command(uint direction, uint number, uint size) => (direction << 30) | (size << 16) | ('f' << 8) | number;
}
