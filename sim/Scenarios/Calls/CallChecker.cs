using System.Collections.Immutable;
using System.Globalization;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Scenarios.Calls;

/// <summary>
/// Are the operations of a scenario well formed? Notes a mistake for each that is not. What the model has not got yet is no
/// mistake: <see cref="CallModel"/> says that.
/// </summary>
internal sealed class CallChecker
{
    private static readonly string[] OpenFlags = ["r", "w", "rw", "creat", "excl", "trunc", "append", "dir", "path", "nofollow"];
    private static readonly string[] SessionActions = ["add", "unlink", "revoke"];
    private static readonly string[] Endings = ["unlink", "revoke"];
    private static readonly string[] Units = ["keys", "bytes"];

    private readonly ScenarioSyntax scenario;
    private readonly Diagnostics diagnostics;
    private readonly HashSet<string> users;
    private readonly HashSet<string> descriptors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Actor, string? Type)> provisioned = new(StringComparer.Ordinal);

    public CallChecker(ScenarioSyntax scenario, Diagnostics diagnostics)
    {
        this.scenario = scenario;
        this.diagnostics = diagnostics;
        users = [.. Users.Known.Select(u => u.Name), .. scenario.Users.Select(u => u.Name.Text)];
    }

    /// <summary>Looks at all of them.</summary>
    public void Check()
    {
        foreach (var user in scenario.Users)
            CheckUser(user);
        var calls = CallsOf(scenario).ToList();
        foreach (var call in calls)
        {
            if (OperationForm.Named(call.Operation.Text) is not { } form)
                continue;
            var made = form.Parameters.Zip(form.ArgumentsOf(call)).Where(p => p.First.Name == "NEW");
            descriptors.UnionWith(made.Select(p => p.Second.Text));
            if (form.Name == "provision_key" && form.ArgumentsOf(call).FirstOrDefault() is { Text: not null } name)
                CheckProvision(form, call, name);
        }

        foreach (var call in calls)
            Check(call);
        CheckKeys(calls);
        foreach (var body in Bodies(scenario))
            CheckRepeats(body.Statements, 1);
    }

    // The name stands for the key's id, which no two keys have.
    private void CheckProvision(OperationForm form, CallSyntax call, Word name)
    {
        var key = (call.Actor.Text, form.OptionOf(call, "type"));
        if (!provisioned.TryAdd(name.Text, key) && provisioned[name.Text] != key)
            diagnostics.Add(name.Place, $"{name} is another key already, of {provisioned[name.Text].Actor}: a name is for one user's key of one type");
    }

    // K1 to K9 have a number each, whether they are used or not; so has every other identifier and descriptor.
    private void CheckKeys(IEnumerable<CallSyntax> calls)
    {
        var others = new HashSet<string>(StringComparer.Ordinal);
        foreach (var call in calls)
        {
            if (OperationForm.Named(call.Operation.Text) is not { } form)
                continue;
            var how = $"{(form.OptionOf(call, "spec") != null || form.OptionOf(call, "v") == "1" ? "descriptor " : "")}{form.OptionOf(call, "poke")}";
            foreach (var (_, word) in form.Parameters.Zip(form.ArgumentsOf(call)).Where(p => p.First.Name == "K" && Keys.IsKey(p.Second.Text)))
            {
                if ((how.Length == 0 && Keys.IsWhole(word.Text)) || !others.Add($"{word} {how}") || others.Count <= Keys.OthersMax)
                    continue;
                diagnostics.Add(word.Place, $"{word} is one key too many: beside K1 to K9 a scenario has at most {Keys.OthersMax}, each length, "
                    + "descriptor and overwritten byte being another one; put some into a scenario of their own");
                return;
            }
        }
    }

    // What is repeated is written out before it runs.
    private long CheckRepeats(IEnumerable<StatementSyntax> statements, long times)
    {
        var operations = 0L;
        foreach (var statement in statements)
        {
            if (statement is not RepeatSyntax repeat)
            {
                operations += times;
                continue;
            }

            var inside = repeat.Times > Limits.Statements ? Limits.Statements + 1 : CheckRepeats(repeat.Body, times * repeat.Times);
            operations += inside;
            if (inside > Limits.Statements)
                diagnostics.Add(repeat.Place, $"what is repeated here comes to more than {Limits.Statements:N0} operations");
        }

        return Math.Min(operations, Limits.Statements + 1);
    }

    /// <summary>All operations of a scenario, in the order of the text.</summary>
    public static IEnumerable<CallSyntax> CallsOf(ScenarioSyntax scenario)
        => Bodies(scenario).SelectMany(b => CallsOf(b.Statements));

    /// <summary>The set-up, the threads and the last part, as far as they are there.</summary>
    public static IEnumerable<ThreadSyntax> Bodies(ScenarioSyntax scenario)
    {
        if (scenario.Setup != null)
            yield return scenario.Setup;
        foreach (var thread in scenario.Threads)
            yield return thread;
        if (scenario.Finally != null)
            yield return scenario.Finally;
    }

    /// <summary>The operations among statements, those that are repeated once.</summary>
    public static IEnumerable<CallSyntax> CallsOf(IEnumerable<StatementSyntax> statements)
        => statements.SelectMany(s => s switch
        {
            CallSyntax call => [call],
            RepeatSyntax repeat => CallsOf(repeat.Body),
            _ => [],
        });

    /// <summary>The operations among statements, in the order in which they are done: those that are repeated as often as that.</summary>
    public static IEnumerable<CallSyntax> WrittenOut(IEnumerable<StatementSyntax> statements)
        => statements.SelectMany(s => s switch
        {
            CallSyntax call => [call],
            RepeatSyntax repeat => Enumerable.Repeat(WrittenOut(repeat.Body).ToList(), (int)repeat.Times).SelectMany(c => c),
            _ => [],
        });

    private void CheckUser(UserSyntax user)
    {
        if (Users.Known.Any(u => u.Name == user.Name.Text))
            diagnostics.Add(user.Name.Place, $"the user {user.Name} is there already: {string.Join(", ", Users.Known.Select(u => u.Name))}");
        if (user.Id is < 0 or > uint.MaxValue)
            diagnostics.Add(user.Name.Place, $"{user.Id} is no user's number: 0 to {uint.MaxValue}");
        var other = Users.Known.Select(u => (u.Name, u.Id)).Concat(scenario.Users.TakeWhile(u => u != user).Select(u => (Name: u.Name.Text, u.Id)))
            .FirstOrDefault(u => u.Id == user.Id);
        if (other.Name != null && other.Name != user.Name.Text)
            diagnostics.Add(user.Name.Place, $"{user.Name} would be {other.Name}, who has the number {user.Id}; every user needs his own");
        foreach (var capability in user.Capabilities.Where(c => !Users.Capabilities.Contains(c.Text)))
            diagnostics.Add(capability.Place, Nearest.Message("capability", capability.Text, Users.Capabilities));
    }

    private void Check(CallSyntax call)
    {
        if (!users.Contains(call.Actor.Text))
            diagnostics.Add(call.Actor.Place, Nearest.Message("user", call.Actor.Text, users) + "; 'user NAME uid' declares one");
        if (OperationForm.Named(call.Operation.Text) is not { } form)
        {
            diagnostics.Add(call.Operation.Place, Nearest.Message("operation", call.Operation.Text, OperationForm.Names));
            return;
        }

        foreach (var word in call.Arguments)
        {
            if (form.OptionIn(word) is { } option && OptionMistake(form, option, word) is { } mistake)
                diagnostics.Add(word.Place, mistake);
        }

        var arguments = form.ArgumentsOf(call).ToImmutableArray();
        if (arguments.Length > form.Parameters.Length)
        {
            var first = arguments[form.Parameters.Length];
            diagnostics.Add(first.Place, $"'{first}' is one argument too many; it is: {form.Usage}");
        }
        else if (arguments.Length < form.ArgumentsMin)
        {
            var missing = form.Parameters[arguments.Length].Name;
            diagnostics.Add(call.Operation.Place, $"{form.Name} lacks {Meaning(missing)}; it is: {form.Usage}");
        }

        if (form.Name == "provision_key" && arguments is [_, var bytes, ..] && !Keys.IsKey(bytes.Text) && provisioned.ContainsKey(bytes.Text))
            diagnostics.Add(bytes.Place, $"'{bytes}' has its bytes from a key itself: K1 to K9, with '.N' for their first N bytes");
        foreach (var (parameter, word) in form.Parameters.Zip(arguments))
        {
            if (MistakeIn(parameter.Name, word) is { } mistake)
                diagnostics.Add(word.Place, mistake);
        }
    }

    private string? OptionMistake(OperationForm form, string option, Word word)
    {
        var value = word.Text[(option.Length + 1)..];
        var wanted = form.Options[option];
        return wanted switch
        {
            "N" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && (option != "v" || amount is 1 or 2) ? null
                : option == "v" ? $"v= wants 1 or 2: there are no other versions of policies" : $"{option}= wants a number",
            "PATH" => MistakeIn("PATH", word with { Text = value }),
            "OFFSET:VALUE" => PokeMistake(form.Name, option, value),
            _ => wanted.Split('|').Contains(value) ? null : $"{option}= wants {wanted.Replace("|", " or ", StringComparison.Ordinal)}",
        };
    }

    private static string? PokeMistake(string operation, string option, string value)
    {
        if (value.Split(':') is not [var offset, var number] || !IsNumber(offset) || !IsNumber(number))
            return $"{option}= wants OFFSET:VALUE, two numbers";
        var size = Keys.SizeOfArgument(operation);
        return !int.TryParse(offset, out var at) || at >= size ? $"the argument of {operation} has {size} bytes: offsets are 0 to {size - 1}"
            : !byte.TryParse(number, out _) ? $"'{number}' is no byte: 0 to 255"
            : null;
    }

    private string? MistakeIn(string parameter, Word word) => parameter switch
    {
        "K" => Keys.IsKey(word.Text) || provisioned.ContainsKey(word.Text) ? null
            : $"'{word}' is no key: K1 to K9, with '.N' for their first N bytes",
        "PATH" => Paths.MistakeIn(word.Text) ?? MistakeInDescriptor(Paths.PartsOf(word.Text).Descriptor),
        "F" => MistakeInDescriptor(word.Text),
        "NEW" => IsName(word.Text) ? null : $"'{word}' is no name for a descriptor: letters, digits and '_'",
        "N" => uint.TryParse(word.Text, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null
            : $"'{word}' is no number from 0 to {uint.MaxValue}",
        "MODE" => word.Text.Length is > 0 and <= 4 && word.Text.All(c => c is >= '0' and <= '7') ? null : $"'{word}' is no mode: 644 is one",
        "FLAGS" => word.Text.Split(',').Where(f => !OpenFlags.Contains(f)).Select(f => Nearest.Message("flag", f, OpenFlags)).FirstOrDefault(),
        "NAME" => Keys.IsKey(word.Text) ? $"'{word}' is a key itself: call what has its bytes something else" : null,
        "P" => provisioned.ContainsKey(word.Text) ? null
            : provisioned.Count == 0 ? $"no operation of this file provisions {word}" : Nearest.Message("provisioned key", word.Text, provisioned.Keys),
        "HOW" => Endings.Contains(word.Text) ? null : Nearest.Message("ending", word.Text, Endings),
        "UNIT" => Units.Contains(word.Text) ? null : Nearest.Message("unit", word.Text, Units),
        "ACTION" => SessionActions.Contains(word.Text) ? null : Nearest.Message("action", word.Text, SessionActions),
        "OPTION" => OperationForm.MountOptions.ContainsKey(word.Text) ? null
            : Nearest.Message("mount option", word.Text, OperationForm.MountOptions.Keys.Where(o => o.Length > 0).Order(StringComparer.Ordinal)),
        _ => null,
    };

    private string? MistakeInDescriptor(string? name)
        => name == null || descriptors.Contains(name) ? null
            : descriptors.Count == 0 ? $"no operation of this file opens {name}"
            : Nearest.Message("descriptor or mapping", name, descriptors);

    private static string Meaning(string parameter) => parameter switch
    {
        "K" => "a key",
        "PATH" => "a path",
        "F" => "a descriptor or mapping",
        "NEW" => "a name for what it makes",
        "N" => "a number",
        "TEXT" => "a text",
        "OPTION" => "a mount option",
        "NAME" => "a name for it",
        "P" => "a provisioned key",
        "HOW" => "unlink or revoke",
        "UNIT" => "keys or bytes",
        _ => parameter,
    };

    private static bool IsName(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static bool IsNumber(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
