using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Fscrypt.Sim.Scenarios.Language;

/// <summary>The lines outside the bodies, and what they add up to.</summary>
/// <param name="reader">Reads lines, and notes mistakes.</param>
internal sealed partial class Headers(LineReader reader)
{
    private const long UserMax = uint.MaxValue - 1;

    private readonly Dictionary<string, int> once = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> shared = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> threads = new(StringComparer.Ordinal);
    private readonly ImmutableArray<UserSyntax>.Builder usersFound = ImmutableArray.CreateBuilder<UserSyntax>();
    private readonly ImmutableArray<SharedSyntax>.Builder sharedFound = ImmutableArray.CreateBuilder<SharedSyntax>();
    private readonly ImmutableArray<ThreadSyntax>.Builder threadsFound = ImmutableArray.CreateBuilder<ThreadSyntax>();
    private readonly ImmutableArray<BackgroundSyntax>.Builder backgrounds = ImmutableArray.CreateBuilder<BackgroundSyntax>();
    private readonly ImmutableArray<FaultSyntax>.Builder faults = ImmutableArray.CreateBuilder<FaultSyntax>();
    private readonly ImmutableArray<ExpectationSyntax>.Builder expectations = ImmutableArray.CreateBuilder<ExpectationSyntax>();
    private readonly ImmutableArray<Word>.Builder withoutRules = ImmutableArray.CreateBuilder<Word>();
    private ScenarioSyntax scenario = new() { Name = new Word("", new Place(1, 1)) };
    private long copiesSum;

    /// <summary>What all lines said.</summary>
    public ScenarioSyntax Finish() => scenario with
    {
        Users = usersFound.ToImmutable(),
        Shared = sharedFound.ToImmutable(),
        Threads = threadsFound.ToImmutable(),
        Backgrounds = backgrounds.ToImmutable(),
        Faults = faults.ToImmutable(),
        Expectations = expectations.ToImmutable(),
        WithoutRules = withoutRules.ToImmutable(),
    };

    /// <summary>Takes the line that begins a body.</summary>
    public Body Begin(SourceLine line)
    {
        var section = line.FirstName;
        if (section == "thread")
            return Thread(line) ?? Body.Nameless(reader, line);
        if (!IsFirst(line) | !reader.TryWords(line, LineGrammar.Alone, out _))
            return Body.Nameless(reader, line);
        return new Body(reader, section, new Word(section, PlaceOf(line)), null);
    }

    /// <summary>Takes a body.</summary>
    public void Add(ThreadSyntax body, string section)
    {
        if (section == "setup")
            scenario = scenario with { Setup = body };
        else if (section == "finally")
            scenario = scenario with { Finally = body };
        else if (section == "thread")
            threadsFound.Add(body);
    }

    /// <summary>Takes any other line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="form">What kind it is.</param>
    /// <param name="wasInBody">Whether it ended a body.</param>
    public void Read(SourceLine line, LineForm form, bool wasInBody)
    {
        if (form == LineForm.Expectation)
            Expectation(line);
        else if (form == LineForm.SymbolHeader)
            Shared(line, wasInBody);
        else
            Words(line);
    }

    /// <summary>The name of an expectation, or null.</summary>
    /// <param name="line">Its line.</param>
    /// <param name="from">Where to look for the name; then where the condition begins.</param>
    public static Word? LabelOf(SourceLine line, ref int from)
    {
        var match = Label().Match(line.Raw, from, line.End - from);
        if (!match.Success)
            return null;
        from = match.Index + match.Length;
        return new Word(match.Groups[1].Value, new Place(line.Number, match.Groups[1].Index + 1, match.Groups[1].Length));
    }

    private static Place PlaceOf(SourceLine line) => new(line.Number, line.Start + 1, line.FirstName.Length);

    private static Word WordOf(Superpower.Model.Token<Symbol> token) => new(token.ToStringValue(), ExpressionGrammar.PlaceOf(token));

    private void Words(SourceLine line)
    {
        switch (line.FirstName)
        {
            case "scenario" when IsFirst(line) & reader.TryWords(line, LineGrammar.Scenario, out var begin):
                if (begin.Name.Text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
                    scenario = scenario with { Name = begin.Name, Title = begin.Title };
                else
                    reader.Refuse(begin.Name.Place, $"{Misspelling.Quote(begin.Name.Text)} cannot be a scenario's name: letters, digits, - and _ can");
                break;
            case "source" when IsFirst(line) & reader.TryWords(line, LineGrammar.Source, out var source):
                scenario = scenario with { Source = source };
                break;
            case "kernel" when IsFirst(line) & reader.TryWords(line, LineGrammar.Kernel, out var range):
                scenario = scenario with { Kernel = Range(range) };
                break;
            case "user" when reader.TryWords(line, LineGrammar.User, out var user, "a capability"):
                if (IsNew(users, user.Name, "a user") && TryNumber(user.Id, 0, UserMax, out var id))
                    usersFound.Add(new UserSyntax(user.Name, id, [.. user.Capabilities]));
                break;
            case "background" when reader.TryWords(line, LineGrammar.Background, out var background):
                if (IsOneOf(background.Name, "background thread", Keywords.Backgrounds) & TryNumber(background.AtMost, 0, long.MaxValue, out var most))
                    backgrounds.Add(new BackgroundSyntax(background.Name, most));
                break;
            case "fault" when reader.TryWords(line, LineGrammar.Fault, out var fault, "'at most'"):
                long? times = null;
                if (fault.AtMost != null && TryNumber(fault.AtMost, 0, long.MaxValue, out var number))
                    times = number;
                if (IsOneOf(fault.Error, "error", Keywords.Errors))
                    faults.Add(new FaultSyntax(fault.Error, fault.Operation, times));
                break;
            case "without" when reader.TryWords(line, LineGrammar.Without, out var rule):
                withoutRules.Add(rule);
                break;
        }
    }

    private Body? Thread(SourceLine line)
    {
        if (!reader.TrySymbols(line, LineGrammar.Thread, LineContext.Declaration, out var thread, "'*'"))
            return null;
        var name = WordOf(thread.Name);
        long? copies = thread.Copies is { } digits ? ExpressionGrammar.ValueOf(digits) : null;
        if (copies is < 1 or > Limits.Threads)
        {
            reader.Refuse(WordOf(thread.Copies!.Value).Place, $"expected a number from 1 to {Limits.Threads} after '*', not {copies}");
            return null;
        }

        if (!IsNew(threads, name, "a thread"))
            return null;
        copiesSum += copies ?? 1;
        if (copiesSum > Limits.Threads && copiesSum - (copies ?? 1) <= Limits.Threads)
            reader.Refuse(name.Place, $"more than {Limits.Threads} threads, copies counted");
        return new Body(reader, "thread", name, copies);
    }

    private void Shared(SourceLine line, bool wasInBody)
    {
        var kind = line.FirstName switch { "shared" => SharedKind.Variable, "lock" => SharedKind.Lock, _ => SharedKind.Semaphore };
        var grammar = kind == SharedKind.Variable ? LineGrammar.Shared : LineGrammar.Locks;
        if (!reader.TrySymbols(line, grammar, LineContext.Declaration, out var names, kind == SharedKind.Variable ? "'=', ','" : "','"))
            return;
        foreach (var (token, size, initial) in names)
        {
            var name = WordOf(token);
            var habit = wasInBody && kind == SharedKind.Lock && shared.ContainsKey(name.Text) ? $"; 'acquire {name.Text}' takes it" : "";
            if (!IsNew(shared, name, "a shared variable", habit))
                continue;
            if (size is { } digits && ExpressionGrammar.ValueOf(digits) == 0)
                reader.Refuse(WordOf(digits).Place, "an array has 1 element at least");
            sharedFound.Add(new SharedSyntax(kind, name, size is { } s ? ExpressionGrammar.ValueOf(s) : null, initial));
        }
    }

    private void Expectation(SourceLine line)
    {
        var frequency = line.FirstName switch
        {
            "never" => Frequency.Never,
            "sometimes" => Frequency.Sometimes,
            "invariant" => Frequency.Invariant,
            _ => Frequency.Always,
        };
        var from = line.Start + line.FirstName.Length;
        var name = LabelOf(line, ref from);
        if (name != null && line.Raw.AsSpan()[from..line.End].Trim(" \t").IsEmpty)
        {
            reader.Refuse(new Place(line.Number, line.End + 1), $"expected a condition after {Misspelling.Quote(name.Text + ":")}");
            return;
        }

        // The grammar begins with a word, as those of the other lines do; the label takes the place of the first.
        var grammar = name == null ? LineGrammar.Condition : ExpressionGrammar.Expression;
        var start = name == null ? line.Start : from;
        if (!reader.TrySymbols(line, grammar, LineContext.Expectation, out var condition, "an operator", start))
            return;
        var text = line.Raw[from..line.End].Trim(' ', '\t');
        expectations.Add(new ExpectationSyntax(frequency, name, condition, text, PlaceOf(line)));
    }

    private ReleaseRangeSyntax? Range(Word word)
    {
        var match = Releases().Match(word.Text);
        if (!match.Success)
        {
            var bare = word.Text.Length > 0 && char.IsAsciiDigit(word.Text[0]);
            reader.Refuse(word.Place, $"{Misspelling.Quote(word.Text)} is no release and no range of releases; v5.4, v5.4.., v5.4..v6.1 and ..v6.1 are"
                + (bare ? "; releases begin with v" : ""));
            return null;
        }

        var (from, to) = (Part(match.Groups["from"]), Part(match.Groups["to"]));
        return new ReleaseRangeSyntax(from, match.Groups["dots"].Success ? to : from, word.Place);

        Word? Part(Group group) => group.Success
            ? new Word(group.Value, word.Place with { Column = word.Place.Column + group.Index, Length = group.Length }) : null;
    }

    private bool IsFirst(SourceLine line)
    {
        if (once.TryAdd(line.FirstName, line.Number))
            return true;
        return reader.Refuse(PlaceOf(line), $"a second '{line.FirstName}'; the first is in line {once[line.FirstName]}");
    }

    private bool IsNew(Dictionary<string, int> names, Word name, string kind, string habit = "")
    {
        if (!reader.IsName(name, kind))
            return false;
        if (kind == "a user" && Keywords.Users.Contains(name.Text))
            return reader.Refuse(name.Place, $"user '{name.Text}' is there without being declared");
        return names.TryAdd(name.Text, name.Place.Line)
            || reader.Refuse(name.Place, $"{Misspelling.Quote(name.Text)} is declared already, in line {names[name.Text]}{habit}");
    }

    private bool IsOneOf(Word word, string kind, IReadOnlyList<string> valid)
    {
        if (valid.Contains(word.Text))
            return true;
        var near = Misspelling.Nearest(word.Text, valid);
        return reader.Refuse(word.Place, $"no {kind} {Misspelling.Quote(word.Text)}; "
            + (near != null ? $"the nearest is {near}" : $"there is {string.Join(", ", valid)}"));
    }

    private bool TryNumber(Word word, long least, long most, out long value)
    {
        var isNumber = long.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (isNumber && value >= least && value <= most)
            return true;
        var range = most == long.MaxValue ? $"from {least}" : $"from {least} to {most}";
        return reader.Refuse(word.Place, $"expected a number {range}, not {Misspelling.Quote(word.Text)}");
    }

    [GeneratedRegex(@"\G[ \t]*([A-Za-z0-9_-]+)[ \t]*:", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(
        @"^(?:(?<from>v[0-9]+(?:\.[0-9]+)+)(?<dots>\.\.)(?<to>v[0-9]+(?:\.[0-9]+)+)?"
            + @"|(?<dots>\.\.)(?<to>v[0-9]+(?:\.[0-9]+)+)|(?<from>v[0-9]+(?:\.[0-9]+)+))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Releases();
}
