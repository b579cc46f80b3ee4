using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Fscrypt.Sim.Scenarios.Language;
using Fscrypt.Sim.Scenarios.Programs;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Reads programs that are well formed: just enough of the language for the tests of what comes after reading.</summary>
internal sealed partial class ProgramText
{
    private static readonly string[][] Levels =
        [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]];

    private static readonly string[] Operators = ["||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"];

    private readonly string[] lines;
    private readonly List<(string Text, Place Place)> tokens = [];
    private int line = -1;
    private int position;

    private ProgramText(string text)
    {
        lines = text.Split('\n');
        NextLine();
    }

    private string Token => position < tokens.Count ? tokens[position].Text : "";

    private Place Here => position < tokens.Count ? tokens[position].Place : new Place(line + 1, lines[line].Length + 1);

    private string Line => lines[line].Trim();

    /// <summary>The program.</summary>
    public static ProgramCode Compile(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", text);
        var code = ProgramCompiler.Compile(Parse(text), diagnostics);
        Assert.True(code != null, diagnostics.Format());
        return code;
    }

    /// <summary>What is wrong with it, as the user reads it.</summary>
    public static string Mistakes(string text)
    {
        var diagnostics = new Diagnostics("test.scenario", text);
        Assert.Null(ProgramCompiler.Compile(Parse(text), diagnostics));
        return diagnostics.Format();
    }

    /// <summary>The tree.</summary>
    public static ScenarioSyntax Parse(string text)
    {
        var parser = new ProgramText(text);
        var result = new ScenarioSyntax { Name = new Word("test", new Place(1, 1)) };
        while (parser.line < parser.lines.Length)
        {
            var place = parser.Here;
            var word = parser.Take();
            if (word is "shared" or "lock" or "rwsem")
            {
                result = result with { Shared = [.. result.Shared, .. parser.Declarations(word)] };
                parser.NextLine();
            }
            else if (word is "thread")
            {
                result = result with { Threads = [.. result.Threads, parser.Thread(parser.Name(), hasCopies: true)] };
            }
            else if (word is "setup")
            {
                result = result with { Setup = parser.Thread(new Word("setup", place), hasCopies: false) };
            }
            else
            {
                Assert.Fail($"what is {word}?");
            }
        }

        return result;
    }

    [GeneratedRegex(@"\w+|[<>=!]=|&&|\|\||\S")]
    private static partial Regex TokenPattern();

    private void NextLine()
    {
        tokens.Clear();
        position = 0;
        while (++line < lines.Length && tokens.Count == 0)
        {
            tokens.AddRange(TokenPattern().Matches(lines[line].Split('#')[0])
                .Select(m => (m.Value, new Place(line + 1, m.Index + 1, m.Length))));
        }

        line -= tokens.Count > 0 ? 1 : 0;
    }

    private string Take() => tokens[position++].Text;

    private bool Takes(string token)
    {
        if (Token != token)
            return false;
        position++;
        return true;
    }

    private Word Name()
    {
        var place = Here;
        return new Word(Take(), place);
    }

    private long Number() => (Takes("-") ? -1 : 1) * long.Parse(Take(), CultureInfo.InvariantCulture);

    private List<SharedSyntax> Declarations(string word)
    {
        var kind = word switch { "shared" => SharedKind.Variable, "lock" => SharedKind.Lock, _ => SharedKind.Semaphore };
        var found = new List<SharedSyntax>();
        do
        {
            var name = Name();
            long? size = Takes("[") ? Number() : null;
            Takes("]");
            found.Add(new SharedSyntax(kind, name, size, Takes("=") ? Number() : 0));
        }
        while (Takes(","));
        return found;
    }

    private ThreadSyntax Thread(Word name, bool hasCopies)
    {
        long? copies = hasCopies && Takes("*") ? Number() : null;
        NextLine();
        return new ThreadSyntax(name, copies, Statements());
    }

    private ImmutableArray<StatementSyntax> Statements()
    {
        var statements = new List<StatementSyntax>();
        while (line < lines.Length && Token is not ("end" or "else" or "thread"))
            statements.Add(Statement());
        return [.. statements];
    }

    private StatementSyntax Statement()
    {
        var (place, text) = (Here, Line);
        switch (Token)
        {
            case "if":
                Take();
                var condition = Expression();
                NextLine();
                var then = Statements();
                ImmutableArray<StatementSyntax> otherwise = [];
                if (Takes("else"))
                {
                    NextLine();
                    otherwise = Statements();
                }

                NextLine();
                return new IfSyntax(place, text, condition, then, otherwise);
            case "while":
                Take();
                condition = Expression();
                return new WhileSyntax(place, text, condition, Body());
            case "repeat":
                Take();
                return new RepeatSyntax(place, text, Number(), Body());
        }

        var statement = Simple(place, text);
        NextLine();
        return statement;
    }

    private ImmutableArray<StatementSyntax> Body()
    {
        NextLine();
        var body = Statements();
        NextLine();
        return body;
    }

    private StatementSyntax Simple(Place place, string text)
    {
        LockAction? action = Token switch
        {
            "acquire" => LockAction.Acquire,
            "release" => LockAction.Release,
            "down_read" => LockAction.DownRead,
            "up_read" => LockAction.UpRead,
            "down_write" => LockAction.DownWrite,
            "up_write" => LockAction.UpWrite,
            _ => null,
        };
        if (action is { } known)
        {
            Take();
            return new LockSyntax(place, text, known, Reference());
        }

        if (Token is "root")
            return new CallSyntax(place, text, Name(), Name(), [], null);
        if (Takes("await"))
        {
            var awaited = Reference();
            return new AwaitSyntax(place, text, awaited, Operator(), Expression());
        }

        var target = Reference();
        Take();
        AtomicKind? atomic = Token switch
        {
            "cas" => AtomicKind.CompareExchange,
            "fetch_add" => AtomicKind.FetchAdd,
            "exchange" => AtomicKind.Exchange,
            "try_acquire" => AtomicKind.TryAcquire,
            _ => null,
        };
        if (atomic is not { } kind)
            return new AssignSyntax(place, text, target, Expression());
        Take();
        Takes("(");
        var about = Reference();
        var arguments = new List<ExpressionSyntax>();
        while (Takes(","))
            arguments.Add(Expression());
        return new AtomicSyntax(place, text, target, kind, about, [.. arguments]);
    }

    private BinaryOperator Operator() => (BinaryOperator)Array.IndexOf(Operators, Take());

    private ReferenceSyntax Reference()
    {
        var place = Here;
        var name = Take();
        var index = Takes("[") ? Expression() : null;
        if (index != null)
            Take();
        return new ReferenceSyntax(place, name, index);
    }

    private ExpressionSyntax Expression(int level = 0)
    {
        if (level == Levels.Length)
            return Unary();
        var left = Expression(level + 1);
        while (Levels[level].Contains(Token))
        {
            var place = Here;
            left = new BinarySyntax(place, Operator(), left, Expression(level + 1));
        }

        return left;
    }

    private ExpressionSyntax Unary()
    {
        var place = Here;
        if (Takes("-"))
            return new UnarySyntax(place, UnaryOperator.Negate, Unary());
        if (Takes("!"))
            return new UnarySyntax(place, UnaryOperator.Not, Unary());
        if (Takes("("))
        {
            var inner = Expression();
            Take();
            return inner;
        }

        if (!char.IsDigit(Token[0]))
            return Reference();
        var magnitude = ulong.Parse(Take(), CultureInfo.InvariantCulture);
        return new NumberSyntax(place, unchecked((long)magnitude));
    }
}
