using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fscrypt.Sim.Commands;

/// <summary>
/// Where results go. On a terminal with colours and lines; anywhere else, and with NO_COLOR or --no-color, as plain text,
/// the same bytes for the same input.
/// </summary>
public sealed class Output
{
    /// <summary>Columns of text that fit everywhere.</summary>
    public const int Width = 100;

    private readonly bool colors;

    /// <summary>An output.</summary>
    /// <param name="writer">Where results go.</param>
    /// <param name="error">Where progress and errors go.</param>
    /// <param name="isTerminal">Whether <paramref name="writer"/> is a terminal that knows colours.</param>
    public Output(TextWriter writer, TextWriter error, bool isTerminal)
    {
        Writer = writer;
        Error = error;
        colors = isTerminal;
    }

    /// <summary>Where results go.</summary>
    public TextWriter Writer { get; }

    /// <summary>Where progress and errors go.</summary>
    public TextWriter Error { get; }

    /// <summary>The same without colours and lines.</summary>
    public Output Plain => new(Writer, Error, isTerminal: false);

    /// <summary>A line of text.</summary>
    public void Line(string text = "") => Writer.Write(text + "\n");

    /// <summary>A line of text with numbers, which do not depend on the culture.</summary>
    public void Line(FormattableString text) => Line(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>Lets whoever reads see what was written up to now: before something long.</summary>
    public void Flush() => Writer.Flush();

    /// <summary>Text that has its own line ends.</summary>
    public void Text(string text) => Writer.Write(text);

    /// <summary>A line that begins with a word of judgement: red for bad, green for good, yellow for neither.</summary>
    public void Judgement(string word, string text, bool? good)
    {
        var color = good switch { true => "32", false => "31", null => "33" };
        Line(colors ? $"\u001b[1;{color}m{word}\u001b[0m{text}" : word + text);
    }

    /// <summary>What writing a file into a directory gives; that it cannot be written is a mistake of the user.</summary>
    public static T Saved<T>(string directory, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--out {directory}: {exception.Message}");
        }
    }

    /// <summary>A table: with lines around it on a terminal, otherwise columns of text.</summary>
    public void Table(Table table)
    {
        using var buffer = new StringWriter { NewLine = "\n" };
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(buffer),
        });
        console.Profile.Width = Width;
        console.Profile.Capabilities.Unicode = colors;
        table.Border = colors ? TableBorder.Simple : TableBorder.None;
        foreach (var column in table.Columns)
            column.Padding = new Padding(0, 0, colors ? 0 : 1, 0);
        console.Write((IRenderable)table);
        foreach (var line in buffer.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0))
            Line(line);
    }
}
