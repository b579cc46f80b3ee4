using System.Globalization;
using System.Text;
using Fscrypt.Sim.Properties.Commands;
using Fscrypt.Sim.Scenarios;
using Fscrypt.Sim.Scenarios.Programs;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>What is refused, and with which words; and what a program is made of.</summary>
public static class CompilerTests
{
    private const string Head = "shared x, y, a[4]\nlock l, m[2]\nrwsem s\nthread t\n";

    private static readonly string[] Statements =
    [
        // Names and kinds.
        "r = z", "r = xx + 1", "x = q", "r = l", "l = 1", "r = x\n  l = r", "x = s", "acquire x", "acquire s", "down_read l", "up_write x",
        "acquire k", "await r == 1", "r = 1\n  await r == 1", "r = a", "x[0] = 1", "r = 1\n  r[0] = 2", "b[0] = 1", "r = 1\n  r = r[0]",
        "acquire m", "release l[0]", "id = 1", "r = id[0]", "r = cas(l, 0, 1)", "r = try_acquire x",
        // Two shared accesses.
        "x = x + 1", "r = x + y", "r = (x + y) * a[0]", "x = y", "a[x] = 1", "r = a[x]", "r = a[a[x + 1] % 4]", "a[x] = y - (x - 1)",
        "await x == y", "await a[y] > 0", "acquire m[x]", "r = cas(x, y, 1)", "x = cas(y, 0, 1)", "r = fetch_add(a[x], y)", "a[y] = exchange(x, a[0])",
        "r = 1\n  x = -(x + r) * 2",
        // Conditions.
        "if x == 1\n  end", "if !(x == 1) && y\n  end", "while a[id] != 0\n  end",
        // Arguments and numbers.
        "r = cas(x, 1)", "r = fetch_add(x)", "r = exchange(x, 1, 2)", "r = a[4]", "a[2 - 3] = 1", "acquire m[2]", "r = cas(a[9], 0, 1)",
        // The other kind of file.
        "root sync",
    ];

    private static readonly string[] Files =
    [
        "shared x\nsetup\nthread t\n  x = 1",
        "shared x",
        "shared x, x\nlock x\nthread t\n  x = 1",
        "shared id, deadlock\nthread t\n  r = 1",
        "shared a[0], b[4097]\nthread t\n  a[0] = 1",
        "shared a[4096], b[4096], c[4096], d\nthread t\n  d = 1",
        "shared x\nthread t * 0\n  x = 1\nthread t * 2\n  x = 1\nthread u * 62\n  x = 1",
    ];

    [Fact]
    public static void What_is_wrong_is_told_with_what_would_be_right()
    {
        var text = new StringBuilder();
        foreach (var statement in Statements)
            text.Append(ProgramText.Mistakes($"{Head}  {statement}\n")).Append('\n');
        foreach (var file in Files)
            text.Append(ProgramText.Mistakes(file + "\n")).Append('\n');
        ExpectedText.Compare("mistakes.txt", text.ToString());
    }

    [Fact]
    public static void A_rewriting_is_right_itself()
    {
        foreach (var statement in Statements)
        {
            var message = ProgramText.Mistakes($"{Head}  {statement}\n").Split('\n')[0];
            var at = message.IndexOf("write: ", StringComparison.Ordinal);
            if (at < 0 || message.Contains("read again", StringComparison.Ordinal))
                continue;
            var instead = message[(at + 7)..].Replace(", then ", "\n  ", StringComparison.Ordinal);
            var before = statement.Contains('\n', StringComparison.Ordinal) && !statement.Contains("end", StringComparison.Ordinal) ? "r = 1\n  " : "";
            ProgramText.Compile($"{Head}  {before}{instead}{(statement.StartsWith("if", StringComparison.Ordinal) ? "\n  end" : "")}\n");
        }
    }

    [Fact]
    public static void All_mistakes_are_told_at_their_places()
    {
        var text = ProgramText.Mistakes(Head + "  r = z + l\n  x = y + 1\n  while x\n  acquire q\n  end\n");
        var places = text.Split('\n').Where(l => l.StartsWith("test", StringComparison.Ordinal)).Select(l => l.Split(": ")[0]);
        Assert.Equal(["test.scenario:6:7", "test.scenario:6:11", "test.scenario:7:7", "test.scenario:8:9", "test.scenario:9:11"], places);
    }

    [Fact]
    public static void Kinds_of_files_are_told_apart()
    {
        Assert.True(ProgramCompiler.IsProgram(ProgramText.Parse("shared x\nthread t\n  root sync")));
        Assert.True(ProgramCompiler.IsProgram(ProgramText.Parse("thread t\n  r = 1")));
        Assert.False(ProgramCompiler.IsProgram(ProgramText.Parse("thread t\n  repeat 2\n  root sync\n  end")));
    }

    [Fact]
    public static void An_outcome_has_registers_in_their_order_and_then_variables()
        => Assert.Equal(
            ["p[0].v", "p[0].u", "p[1].v", "p[1].u", "b.w", "y", "a[0]", "a[1]", "x"],
            ProgramInstance.NamesOf(ProgramText.Compile(
                "shared y, a[2]\nlock l\nshared x\nthread p * 2\n  if id == u\n  v = 1\n  end\n  u = 2\nthread b\n  w = try_acquire l")));

    [Theory]
    [InlineData(0)]
    [InlineData(-12)]
    [InlineData(long.MinValue)]
    public static void A_register_with_a_number_is_like_one_with_its_text(long number)
    {
        var (numeric, text) = (new Register("r"), new Register("r"));
        numeric.Set("before", "that");
        numeric.Set(number);
        text.Set(number.ToString(CultureInfo.InvariantCulture));
        Assert.Equal((text.Text, text.Hash, number), (numeric.Text, numeric.Hash, numeric.Number));
        Assert.True(numeric.Is(text.Text) && !numeric.Is("-") && !numeric.Is("1"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        numeric.Set(number);
        _ = numeric.Hash;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        numeric.Set("OK");
        Assert.Equal(("OK", 0), (numeric.Text, numeric.Number));
        numeric.Set(number);
        numeric.Reset();
        Assert.Equal(("-", 0), (numeric.Text, numeric.Number));
    }
}
