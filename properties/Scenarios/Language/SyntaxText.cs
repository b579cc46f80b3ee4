using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Text;
using Fscrypt.Sim.Scenarios.Language;

namespace Fscrypt.Sim.Properties.Scenarios.Language;

/// <summary>Syntax trees as text: as a file to be parsed, and as a dump to be compared.</summary>
internal static class SyntaxText
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Known = new();

    /// <summary>All of a tree but places and the texts of lines.</summary>
    public static string Dump(object? node)
    {
        var result = new StringBuilder();
        Dump(node, result);
        return result.ToString();
    }

    /// <summary>A file that means a tree.</summary>
    public static string Print(ScenarioSyntax tree)
    {
        var lines = new List<string> { $"scenario {tree.Name}{(tree.Title == null ? "" : " " + Text(tree.Title))}" };
        if (tree.Source != null)
            lines.Add($"source {Text(tree.Source)}");
        if (tree.Kernel is { } kernel)
            lines.Add($"kernel {(kernel.From == kernel.To ? $"{kernel.From}" : $"{kernel.From}..{kernel.To}")}");
        lines.AddRange(tree.Users.Select(u => $"user {u.Name} {u.Id} {string.Join(' ', u.Capabilities)}"));
        lines.AddRange(tree.Shared.Select(Shared));
        if (tree.Setup != null)
            lines.AddRange(["setup", .. tree.Setup.Statements.SelectMany(Lines)]);
        lines.AddRange(tree.Threads.SelectMany(t => (string[])[$"thread {t.Name}{(t.Copies is { } n ? $" * {n}" : "")}", .. t.Statements.SelectMany(Lines)]));
        if (tree.Finally != null)
            lines.AddRange(["finally", .. tree.Finally.Statements.SelectMany(Lines)]);
        lines.AddRange(tree.Backgrounds.Select(b => $"background {b.Name} at most {b.AtMost}"));
        lines.AddRange(tree.Faults.Select(f => $"fault {f.Error} in {f.Operation}{(f.AtMost is { } n ? $" at most {n}" : "")}"));
        lines.AddRange(tree.Expectations.Select(e => $"{$"{e.Frequency}".ToLowerInvariant()} {(e.Name == null ? "" : e.Name + ": ")}{Print(e.Condition)}"));
        lines.AddRange(tree.WithoutRules.Select(r => $"without rule {r}"));
        return string.Join('\n', lines) + "\n";
    }

    private static PropertyInfo[] Members(object node) => Known.GetOrAdd(node.GetType(), type =>
        [.. type.GetProperties().Where(p => p.PropertyType != typeof(Place) && p.Name is not ("EqualityContract" or "Text"))]);

    private static void Dump(object? node, StringBuilder result)
    {
        switch (node)
        {
            case null or string or Word:
                result.Append(node is string text ? QuotedText.Write(text)
                    : node is Word word ? (word.IsQuoted ? "text " : "") + QuotedText.Write(word.Text) : "-");
                break;
            case IEnumerable list:
                foreach (var item in list)
                    Dump(item, result.Append('['));
                result.Append(']');
                break;
            case IFormattable value:
                result.Append(value.ToString(null, CultureInfo.InvariantCulture));
                break;
            default:
                result.Append('(').Append(node.GetType().Name);
                foreach (var member in Members(node))
                    Dump(member.GetValue(node), result.Append(' '));
                result.Append(')');
                break;
        }
    }

    private static string Text(Word word) => word.IsQuoted ? QuotedText.Write(word.Text) : word.Text;

    private static string Shared(SharedSyntax shared) => shared.Kind switch
    {
        SharedKind.Variable => $"shared {shared.Name}{Size(shared)} = {shared.Initial}",
        SharedKind.Lock => $"lock {shared.Name}{Size(shared)}",
        _ => $"rwsem {shared.Name}{Size(shared)}",
    };

    private static string Size(SharedSyntax shared) => shared.Size is { } size ? $"[{size}]" : "";

    private static IEnumerable<string> Lines(StatementSyntax statement) => statement switch
    {
        CallSyntax s => [string.Join(' ', (string[])[s.Actor.Text, s.Operation.Text, .. s.Arguments.Select(Text)]) + (s.Register == null ? "" : $" -> {s.Register}")],
        AssignSyntax s => [$"{Print(s.Target)} = {Print(s.Value)}"],
        AtomicSyntax { Kind: AtomicKind.TryAcquire } s => [$"{Print(s.Target)} = try_acquire {Print(s.Object)}"],
        AtomicSyntax s => [$"{Print(s.Target)} = {Function(s.Kind)}({string.Join(", ", s.Arguments.Select(Print).Prepend(Print(s.Object)))})"],
        LockSyntax s => [$"{WordOf(s.Action)} {Print(s.Object)}"],
        AwaitSyntax s => [$"await {Print(s.Object)} {Operator(s.Comparison)} ({Print(s.Value)})"],
        IfSyntax s => [$"if {Print(s.Condition)}", .. s.Then.SelectMany(Lines), .. Else(s.Else), "end"],
        WhileSyntax s => [$"while {Print(s.Condition)}", .. s.Body.SelectMany(Lines), "end"],
        RepeatSyntax s => [$"repeat {s.Times}", .. s.Body.SelectMany(Lines), "end"],
        _ => throw new ArgumentException($"{statement}", nameof(statement)),
    };

    private static IEnumerable<string> Else(ImmutableArray<StatementSyntax> statements)
        => statements.IsEmpty ? [] : statements.SelectMany(Lines).Prepend("else");

    // A number with a minus is one piece of the tree; a minus before a number in parentheses is not.
    private static string Print(ExpressionSyntax expression) => expression switch
    {
        NumberSyntax e => $"{e.Value}",
        TextSyntax e => QuotedText.Write(e.Value),
        ReferenceSyntax e => e.Name + (e.Index == null ? "" : $"[{Print(e.Index)}]"),
        MemberSyntax e => $"{e.Thread}{(e.Copy is { } copy ? $"[{copy}]" : "")}.{e.Register}",
        PredicateSyntax e => $"{e.Name}({e.Argument})",
        UnarySyntax e => $"{(e.Operator == UnaryOperator.Not ? "!" : "-")}{Operand(e.Operand)}",
        BinarySyntax e => $"{Left(e)}{Operator(e.Operator)}{Operand(e.Right)}",
        _ => throw new ArgumentException($"{expression}", nameof(expression)),
    };

    private static string Operand(ExpressionSyntax expression)
        => expression is BinarySyntax or NumberSyntax ? $"({Print(expression)})" : Print(expression);

    // Without parentheses where the strengths make none necessary.
    private static string Left(BinarySyntax parent)
        => parent.Left is BinarySyntax child && Strength(child.Operator) < Strength(parent.Operator) ? $"({Print(child)})" : Print(parent.Left);

    private static int Strength(BinaryOperator binary)
        => ExpressionGrammar.StrengthOf(Enum.GetValues<Symbol>().First(s => ExpressionGrammar.StrengthOf(s) > 0 && ExpressionGrammar.OperatorOf(s) == binary));

    private static string Operator(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Or => "||",
        BinaryOperator.And => "&&",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        _ => "%",
    };

    private static string Function(AtomicKind kind)
        => kind switch { AtomicKind.CompareExchange => "cas", AtomicKind.FetchAdd => "fetch_add", _ => "exchange" };

    private static string WordOf(LockAction action) => action switch
    {
        LockAction.Acquire => "acquire",
        LockAction.Release => "release",
        LockAction.DownRead => "down_read",
        LockAction.UpRead => "up_read",
        LockAction.DownWrite => "down_write",
        _ => "up_write",
    };
}
