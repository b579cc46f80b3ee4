using System.Text;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The text of scenario files.</summary>
public static class ScenarioText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file, with nothing looked at yet; null, and why, if it cannot be one of a scenario.</summary>
    public static Diagnostics? Read(string path, out string? refusal)
    {
        try
        {
            if (Directory.Exists(path))
                return Refuse("is a directory", out refusal);
            using var stream = File.OpenRead(path);
            var bytes = new byte[Limits.FileBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > Limits.FileBytes)
                return Refuse("has more than 1 MiB, which no scenario may have", out refusal);
            if (bytes.AsSpan(0, length).Contains((byte)0))
                return Refuse("is no text: it has NUL bytes", out refusal);
            refusal = null;
            return new Diagnostics(path, Strict.GetString(bytes, 0, length));
        }
        catch (DecoderFallbackException exception)
        {
            return Refuse($"is no text: byte {exception.Index + 1} is not UTF-8", out refusal);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return Refuse("there is no such file", out refusal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return Refuse(exception.Message.TrimEnd('.'), out refusal);
        }
    }

    private static Diagnostics? Refuse(string why, out string refusal)
    {
        refusal = why;
        return null;
    }
}
