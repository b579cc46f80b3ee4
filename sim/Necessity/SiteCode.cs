using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Fscrypt.Sim.Model;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Necessity;

/// <summary>Finds the calls of what is marked <see cref="SiteAttribute"/> in the compiled model: each passes its line as a constant.</summary>
internal static class SiteCode
{
    private const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => c.Value);

    /// <summary>All calls of sites, by method, in the order of the code.</summary>
    public static IEnumerable<SiteCall> Calls()
        => from type in typeof(Kernel).Assembly.GetTypes()
           from method in type.GetMethods(All)
           from call in CallsIn(method)
           select call;

    private static IEnumerable<SiteCall> CallsIn(MethodInfo code)
    {
        if (code.GetMethodBody()?.GetILAsByteArray() is not { } il)
            yield break;
        var strings = new List<string>();
        var (number, field) = (0, (FieldInfo?)null);
        var written = WrittenOf(code);
        for (var at = 0; at < il.Length;)
        {
            var value = il[at] == 0xfe ? (short)(0xfe00 | il[at + 1]) : il[at];
            var instruction = Codes[value];
            at += instruction.Size;
            var operand = at;
            at += SizeOf(instruction.OperandType, il, at);
            if (instruction.OperandType == OperandType.InlineString)
                strings.Add(code.Module.ResolveString(BitConverter.ToInt32(il, operand)));
            else if (instruction.Value == OpCodes.Ldc_I4.Value)
                number = BitConverter.ToInt32(il, operand);
            else if (instruction.Value == OpCodes.Ldc_I4_S.Value)
                number = (sbyte)il[operand];
            else if (instruction.Value == OpCodes.Ldflda.Value)
                field = Resolve(code, BitConverter.ToInt32(il, operand)) as FieldInfo;
            else if (instruction.OperandType == OperandType.InlineMethod
                && Resolve(code, BitConverter.ToInt32(il, operand)) is MethodInfo called && called.IsDefined(typeof(SiteAttribute)))
                yield return new SiteCall(written, called, new SiteKey(strings[^1], number), strings.Count > 1 ? strings[^2] : "", field);
        }
    }

    private static MemberInfo? Resolve(MethodInfo code, int token)
    {
        var type = code.DeclaringType!;
        return code.Module.ResolveMember(token, type.IsGenericType ? type.GetGenericArguments() : null, code.IsGenericMethod ? code.GetGenericArguments() : null);
    }

    private static int SizeOf(OperandType type, byte[] il, int at) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
        _ => 4,
    };

    // The method whose coroutine a MoveNext is; any other method is itself.
    private static MethodInfo WrittenOf(MethodInfo code)
    {
        var type = code.DeclaringType!;
        return code.Name != "MoveNext" || type.DeclaringType is not { } outer ? code
            : outer.GetMethods(All).FirstOrDefault(m => m.GetCustomAttribute<AsyncStateMachineAttribute>()?.StateMachineType == type) ?? code;
    }
}

/// <summary>A call of what is marked as a site.</summary>
/// <param name="Caller">The method that was written.</param>
/// <param name="Called">What it calls.</param>
/// <param name="Key">What the call passes to say where it is.</param>
/// <param name="What">What a check or an order is called.</param>
/// <param name="Field">The field that the call is made on, or null.</param>
internal sealed record SiteCall(MethodInfo Caller, MethodInfo Called, SiteKey Key, string What, FieldInfo? Field);
