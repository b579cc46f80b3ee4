using System.Text;
using Superpower.Model;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Texts in double quotes.</summary>
internal static class QuotedText
{
    /// <summary>The text that is meant. Its escapes are known to be good.</summary>
    public static string ValueOf(TextSpan quoted)
    {
        var text = quoted.AsReadOnlySpan()[1..^1];
        if (!text.Contains('\\'))
            return text.ToString();
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            result.Append(text[i] != '\\' || Meaning(text[i + 1]) is not { } meant ? text[i] : Take(ref i, meant));
        return result.ToString();
    }

    /// <summary>Where the first escape is that means nothing, or -1.</summary>
    public static int BadEscapeIn(TextSpan quoted)
    {
        var text = quoted.AsReadOnlySpan();
        for (var i = 1; i < text.Length - 1; i++)
        {
            if (text[i] == '\\' && Meaning(text[++i]) == null)
                return i - 1;
        }

        return -1;
    }

    /// <summary>A text as it is written in a file.</summary>
    public static string Write(string text)
    {
        var result = new StringBuilder("\"", text.Length + 2);
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => result.Append("\\\""),
                '\\' => result.Append("\\\\"),
                '\n' => result.Append("\\n"),
                '\t' => result.Append("\\t"),
                '\0' => result.Append("\\0"),
                _ => result.Append(c),
            };
        }

        return result.Append('"').ToString();
    }

    private static char? Meaning(char escaped) => escaped switch
    {
        '"' => '"',
        '\\' => '\\',
        'n' => '\n',
        't' => '\t',
        '0' => '\0',
        _ => null,
    };

    private static char Take(ref int at, char meant)
    {
        at++;
        return meant;
    }
}
