using System.Globalization;
using Fscrypt.Sim.Model.Machine;

namespace Fscrypt.Sim.Scenarios;

/// <summary>The result of an operation, in a form that is cheap to keep and compare: text is made only to be printed.</summary>
public sealed class Register(string name)
{
    private const string Unset = "-";
    private const int DigitsMax = 20;                    // of the least number, with its sign

    private readonly string?[] parts = new string?[4];
    [NotState("set once, by the set-up")]
    private readonly string?[] keptParts = new string?[4];
    private int count;                                   // of parts
    [NotState("set once, by the set-up")] private int keptCount;
    private bool isNumber;
    [NotState("set when it is made")] private bool forgets;

    /// <summary>A register that forgets what it is set to: where results go that nobody asked for.</summary>
    public static Register Nowhere => new("") { forgets = true };

    /// <summary>Its name in the scenario.</summary>
    public string Name { get; } = name;

    /// <summary>The canonical text: <c>OK</c>, <c>ENOKEY</c>, <c>OK[FILES_BUSY]</c>, the data; <c>-</c> before the operation ended.</summary>
    public string Text => isNumber ? Number.ToString(CultureInfo.InvariantCulture) : count == 0 ? Unset : string.Concat(parts.AsSpan(0, count));

    /// <summary>The number it was set to; 0 if it was set to none.</summary>
    public long Number { get; private set; }

    /// <summary>A number that differs, in practice, when the text does. Stable between runs.</summary>
    public ulong Hash
    {
        get
        {
            var hash = 14695981039346656037UL;               // FNV-1a over the characters
            Span<char> digits = stackalloc char[DigitsMax];
            foreach (var c in isNumber ? Digits(digits) : default)
                hash = (hash ^ c) * 1099511628211UL;
            for (var i = 0; i < count; i++)
            {
                foreach (var c in parts[i]!)
                    hash = (hash ^ c) * 1099511628211UL;
            }

            return hash;
        }
    }

    /// <summary>A number for all of an outcome.</summary>
    public static ulong HashOf(Register[] outcome)
    {
        ulong hash = 0;
        foreach (var register in outcome)
            hash = (hash * 0x9E3779B97F4A7C15UL) ^ register.Hash;
        return hash;
    }

    /// <summary>From now on <see cref="Reset"/> goes back to the text that it has now: the set-up's.</summary>
    public void Keep()
    {
        parts.CopyTo(keptParts, 0);
        keptCount = count;
    }

    /// <summary>Forgets the result of an execution.</summary>
    public void Reset()
    {
        keptParts.CopyTo(parts, 0);
        count = keptCount;
        isNumber = false;
        Number = 0;
    }

    /// <summary>Sets the result to a number: its text is made when it is asked for.</summary>
    public void Set(long number)
    {
        if (forgets)
            return;
        count = 0;
        isNumber = true;
        Number = number;
    }

    /// <summary>Sets the result to a text made of constant parts.</summary>
    public void Set(string first, string? second = null, string? third = null)
    {
        if (forgets)
            return;
        isNumber = false;
        Number = 0;
        parts[0] = first;
        count = 1;
        if (second != null)
            parts[count++] = second;
        if (third != null)
            parts[count++] = third;
    }

    /// <summary>Whether the result is <paramref name="text"/>, one of the constant texts.</summary>
    public bool Is(string text)
        => isNumber ? Digits(stackalloc char[DigitsMax]).SequenceEqual(text)
            : count == 1 ? parts[0] == text
            : count == 0 ? text == Unset
            : IsJoined(text);

    private bool IsJoined(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < count; i++)
        {
            if (!text.StartsWith(parts[i]))
                return false;
            text = text[parts[i]!.Length..];
        }

        return text.IsEmpty;
    }

    private ReadOnlySpan<char> Digits(Span<char> buffer)
    {
        Number.TryFormat(buffer, out var length, default, CultureInfo.InvariantCulture);
        return buffer[..length];
    }
}
