using System.Collections.Immutable;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The statements below <c>setup</c>, <c>thread</c> or <c>finally</c>, and the blocks that are open.</summary>
/// <param name="reader">Notes mistakes.</param>
/// <param name="section">The line's first word; empty if the body is to be forgotten.</param>
/// <param name="name">What the body is called.</param>
/// <param name="copies">How many of the thread there are.</param>
internal sealed class Body(LineReader reader, string section, Word name, long? copies)
{
    private readonly List<StatementSyntax> statements = [];
    private readonly Stack<Block> open = [];
    private bool isDeepTold;

    /// <summary><c>setup</c>, <c>thread</c> or <c>finally</c>.</summary>
    public string Section { get; } = section;

    /// <summary>The body of a line that was wrong.</summary>
    public static Body Nameless(LineReader reader, SourceLine line)
        => new(reader, "", new Word("", new Place(line.Number, 1)), null);

    /// <summary>Takes a statement.</summary>
    public void Add(StatementSyntax statement) => (open.TryPeek(out var block) ? block.Statements : statements).Add(statement);

    /// <summary>Begins a block.</summary>
    /// <param name="line">Its line.</param>
    /// <param name="block">The block without its statements; null if its line is wrong.</param>
    public void Open(SourceLine line, StatementSyntax? block)
    {
        open.Push(new Block(line, block));
        if (open.Count <= Limits.Blocks || isDeepTold)
            return;
        isDeepTold = true;
        reader.Refuse(PlaceOf(line), $"blocks are more than {Limits.Blocks} deep");
    }

    /// <summary>Takes an <c>else</c>.</summary>
    public void Else(SourceLine line)
    {
        if (!open.TryPeek(out var block))
            reader.Refuse(PlaceOf(line), "an 'else' without an 'if'");
        else if (block.Line.FirstName is "while" or "repeat")
            reader.Refuse(PlaceOf(line), $"an 'else' in a '{block.Line.FirstName}', which has none; is the 'end' of an 'if' missing?");
        else if (block.Else != null)
            reader.Refuse(PlaceOf(line), $"a second 'else'; the first is in line {block.ElseLine}");
        else
            block.BeginElse(line);
    }

    /// <summary>Takes an <c>end</c>.</summary>
    public void End(SourceLine line)
    {
        if (!open.TryPop(out var block))
            reader.Refuse(PlaceOf(line), "an 'end' without an 'if', 'while' or 'repeat'");
        else if (block.Finish() is { } statement)
            Add(statement);
    }

    /// <summary>What the body is, at the line after it.</summary>
    public ThreadSyntax Close(SourceLine? next)
    {
        var before = next == null ? "the end of the file" : $"'{next.FirstName}' in line {next.Number}";
        foreach (var block in open.Reverse())
            reader.Refuse(PlaceOf(block.Line), $"this '{block.Line.FirstName}' has no 'end' before {before}");
        return new ThreadSyntax(name, copies, [.. statements]);
    }

    private static Place PlaceOf(SourceLine line) => new(line.Number, line.Start + 1, Math.Max(1, line.FirstName.Length));

    private sealed class Block(SourceLine line, StatementSyntax? head)
    {
        private readonly List<StatementSyntax> then = [];

        public SourceLine Line { get; } = line;

        public List<StatementSyntax>? Else { get; private set; }

        public int ElseLine { get; private set; }

        public List<StatementSyntax> Statements => Else ?? then;

        public void BeginElse(SourceLine line) => (Else, ElseLine) = ([], line.Number);

        public StatementSyntax? Finish()
        {
            ImmutableArray<StatementSyntax> body = [.. then];
            return head switch
            {
                IfSyntax block => block with { Then = body, Else = [.. Else ?? []] },
                WhileSyntax block => block with { Body = body },
                RepeatSyntax block => block with { Body = body },
                _ => null,
            };
        }
    }
}
