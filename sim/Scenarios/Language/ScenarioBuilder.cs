using System.Globalization;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>Puts the lines of a file together.</summary>
/// <param name="diagnostics">Where mistakes go.</param>
/// <param name="actors">Who may begin an operation.</param>
internal sealed class ScenarioBuilder(Diagnostics diagnostics, IReadOnlySet<string> actors)
{
    private readonly LineReader reader = new(diagnostics, actors);
    private readonly Headers headers = new(new LineReader(diagnostics, actors));
    private Body? body;
    private int statements;
    private bool hasBegun;
    private bool isStrayTold;

    /// <summary>Whether the rest of the file is not looked at.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>Takes a line that cannot be read, and may be anything; the first line among others.</summary>
    public void Skip() => hasBegun = true;

    /// <summary>Takes the next line that is not blank.</summary>
    public void Read(SourceLine line)
    {
        var form = line.Form;
        if (!hasBegun)
        {
            hasBegun = true;
            if (line.FirstName != "scenario" && !BeginsWrong(line))
                return;
        }

        if (form is LineForm.WordHeader or LineForm.SymbolHeader or LineForm.Expectation)
        {
            var wasInBody = CloseBody(line);
            isStrayTold = false;
            if (line.FirstName is "setup" or "thread" or "finally")
                body = headers.Begin(line);
            else
                headers.Read(line, form, wasInBody);
        }
        else if (form == LineForm.Operation && !actors.Contains(line.FirstWord))
        {
            ReadUnknown(line);
        }
        else if (body == null)
        {
            if (!isStrayTold)
                reader.Refuse(FirstWordOf(line), "statements and operations stand below 'setup', 'thread' or 'finally'");
            isStrayTold = true;
        }
        else
        {
            ReadStatement(line, form, body);
        }
    }

    /// <summary>The tree, if there are no mistakes.</summary>
    public ScenarioSyntax? Finish()
    {
        if (!diagnostics.Full && !IsGivenUp)
        {
            CloseBody(null);
            if (!hasBegun)
                reader.Refuse(new Place(1, 1), "the file is empty; a scenario begins with 'scenario NAME'");
        }

        return diagnostics.Any ? null : headers.Finish();
    }

    private static Place FirstWordOf(SourceLine line) => new(line.Number, line.Start + 1, Math.Max(1, line.FirstWord.Length));

    // Whether the line is to be read all the same.
    private bool BeginsWrong(SourceLine line)
    {
        if (line.Form is LineForm.Operation or LineForm.Assignment && Misspelling.Nearest(line.FirstWord, ["scenario"]) != null)
        {
            reader.Refuse(FirstWordOf(line), $"no line begins with '{line.FirstWord}'; the nearest is scenario");
            return false;
        }

        reader.Refuse(FirstWordOf(line), $"a file begins with 'scenario NAME', not {Misspelling.Quote(line.FirstWord)}");
        isStrayTold = true;
        return Keywords.FormOf(line.FirstName) != null;
    }

    private void ReadStatement(SourceLine line, LineForm form, Body into)
    {
        if (form == LineForm.BlockPart)
        {
            if (line.FirstName == "else")
                into.Else(line);
            else
                into.End(line);
            reader.TryWords(line, LineGrammar.Alone, out _);
            return;
        }

        if (++statements > Limits.Statements)
        {
            reader.Refuse(
                FirstWordOf(line),
                string.Create(CultureInfo.InvariantCulture, $"more than {Limits.Statements:N0} statements; the rest of the file was not looked at"));
            IsGivenUp = true;
            return;
        }

        if (line.FirstName is "if" or "while" or "repeat" && form == LineForm.Statement)
            into.Open(line, Statements.BlockOf(line, reader));
        else if (Statements.Of(line, form, reader) is { } statement)
            into.Add(statement);
    }

    // What the line was meant to be is done in part, so that one mistake is not told as many.
    private void ReadUnknown(SourceLine line)
    {
        var near = Misspelling.MeaningOf(line.FirstWord) ?? Misspelling.Nearest(line.FirstWord, [.. Keywords.LineStarts, .. actors]);
        if (body != null || !isStrayTold || near != null)
            reader.Refuse(FirstWordOf(line), FirstWords.MessageOf(line, near, isInBody: body != null));
        if (near is "setup" or "thread" or "finally")
        {
            CloseBody(line);
            body = Body.Nameless(reader, line);
        }
        else if (near is "if" or "while" or "repeat")
        {
            body?.Open(line, null);
        }
        else if (near is "end")
        {
            body?.End(line);
        }
    }

    private bool CloseBody(SourceLine? next)
    {
        var closed = body;
        body = null;
        if (closed != null)
            headers.Add(closed.Close(next), closed.Section);
        return closed != null;
    }
}
