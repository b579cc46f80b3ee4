using Fscrypt.Sim.Scenarios.Programs;
using Xunit;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>What each kind of statement does, and what ends an execution before its end.</summary>
public static class StatementTests
{
    [Theory]
    [InlineData("r = 7 + 2 * 3 - 4 / 3 % 2", 12)]
    [InlineData("r = -7 / 2", -3)]
    [InlineData("r = -7 % 3", -1)]
    [InlineData("r = (1 < 2) + (2 <= 2) + (3 > 4) + (4 >= 5) + (1 == 1) + (1 != 1)", 3)]
    [InlineData("r = 5 && 3", 1)]
    [InlineData("r = 0 || 0", 0)]
    [InlineData("r = 0 || 9", 1)]
    [InlineData("r = 0 && 1 / 0", 0)]
    [InlineData("r = 1 || 1 / 0", 1)]
    [InlineData("s = 0\n  r = s && 1 / s || 2", 1)]
    [InlineData("r = !3 + !0", 1)]
    [InlineData("r = -(-3)", 3)]
    [InlineData("r = 9223372036854775807 + 1", long.MinValue)]
    [InlineData("s = 9223372036854775807\n  r = s + 1", long.MinValue)]
    [InlineData("s = 9223372036854775807\n  r = s * s", 1)]
    [InlineData("s = -9223372036854775807 - 1\n  r = s / -1", long.MinValue)]
    [InlineData("s = -9223372036854775807 - 1\n  r = s % -1", 0)]
    [InlineData("s = -9223372036854775807 - 1\n  r = -s", long.MinValue)]
    [InlineData("r = 4\n  r = r * r", 16)]
    [InlineData("r = id", 0)]
    [InlineData("repeat 3\n  r = r + 2\n  end", 6)]
    [InlineData("repeat 0\n  r = 1\n  end", 0)]
    [InlineData("repeat 3\n  repeat 4\n  r = r + 1\n  end\n  end", 12)]
    [InlineData("while r < 5\n  r = r + 2\n  end", 6)]
    [InlineData("if r == 0\n  r = 1\n  else\n  r = 2\n  end", 1)]
    [InlineData("if r != 0\n  r = 1\n  else\n  r = 2\n  end", 2)]
    [InlineData("if r\n  r = 1\n  end", 0)]
    public static void Registers(string statements, long expected)
        => Assert.Equal(expected, AloneRegister($"shared x\nthread a\n  {statements}", "a.r"));

    [Theory]
    [InlineData("r = x", 5, 5)]
    [InlineData("r = x * x0 - 2", 8, 5)]
    [InlineData("r = 0 && x", 0, 5)]
    [InlineData("x = x0 + 1\n  r = x", 3, 3)]
    [InlineData("r = cas(x, 5, 9)", 1, 9)]
    [InlineData("r = cas(x, 4, 9)", 0, 5)]
    [InlineData("r = fetch_add(x, -3)", 5, 2)]
    [InlineData("r = fetch_add(x, 9223372036854775807)", 5, long.MinValue + 4)]
    [InlineData("r = exchange(x, x0)", 5, 2)]
    [InlineData("await x == x0 + 3\n  r = 1", 1, 5)]
    [InlineData("await x > 4\n  await x >= 5\n  await x < 6\n  await x <= 5\n  await x != 0\n  r = 1", 1, 5)]
    [InlineData("r = a[x0]\n  a[r + 1] = 4\n  r = a[1]", 4, 5)]
    [InlineData("acquire l\n  r = try_acquire l\n  release l", 0, 5)]
    [InlineData("r = try_acquire m[2 - 1]\n  release m[1]", 1, 5)]
    [InlineData("down_read s\n  down_read s\n  up_read s\n  up_read s\n  down_write s\n  up_write s\n  r = 1", 1, 5)]
    public static void Shared_accesses(string statements, long register, long x)
    {
        var text = $"shared x = 5, a[3]\nlock l, m[2]\nrwsem s\nthread a\n  x0 = 2\n  {statements}";
        Assert.Equal((register, x), (AloneRegister(text, "a.r"), AloneRegister(text, "x")));
    }

    [Theory]
    [InlineData("r = 1 / id", "division-by-zero: a divides by zero in line 5: r = 1 / id")]
    [InlineData("x = 1 % r", "division-by-zero: a divides by zero in line 5: x = 1 % r")]
    [InlineData("r = 1 / x", "division-by-zero: a divides by zero in line 5: r = 1 / x")]
    [InlineData("await x == 1 / r", "division-by-zero: a divides by zero in line 5: await x == 1 / r")]
    [InlineData("if 1 / id", "division-by-zero: a divides by zero in line 5: if 1 / id", "end")]
    [InlineData("b[r - 1] = 1", "index-out-of-bounds: a takes b[-1] in line 5: b[r - 1] = 1; it has elements 0 to 2")]
    [InlineData("r = b[r + 3]", "index-out-of-bounds: a takes b[3] in line 5: r = b[r + 3]; it has elements 0 to 2")]
    [InlineData("acquire m[r + 2]", "index-out-of-bounds: a takes m[2] in line 5: acquire m[r + 2]; it has elements 0 to 1")]
    [InlineData("release m[r + 1]", "lock-misuse: a releases m[1], which it does not hold, in line 5: release m[r + 1]")]
    [InlineData("up_read s", "lock-misuse: a releases s, which it does not hold, in line 5: up_read s")]
    [InlineData("up_write s", "lock-misuse: a releases s, which it does not hold, in line 5: up_write s")]
    [InlineData("down_read s", "lock-misuse: a releases s, which it does not hold, in line 6: up_write s", "up_write s")]
    [InlineData("down_write s", "lock-misuse: a releases s, which it does not hold, in line 6: up_read s", "up_read s")]
    [InlineData("while 1", "cut: a ran 10,000 rounds of the loop in line 5 without a shared access", "end")]
    [InlineData("repeat 10000", "cut: a ran 10,000 rounds of the loop in line 5 without a shared access", "end")]
    public static void What_ends_an_execution(string statement, string message, string rest = "r = 0")
    {
        // At the start of the thread, and after a step of it; alone, and beside another one.
        foreach (var before in new[] { "", "\n  y = 1" })
        {
            var text = $"shared x, y, b[3]\nlock m[2]\nrwsem s\nthread a{before}\n  {statement}\n  {rest}";
            var number = text[..text.IndexOf("  " + statement, StringComparison.Ordinal)].Count(c => c == '\n') + 1;
            var expected = message.Replace("line 6", $"line {number + 2}", StringComparison.Ordinal)
                .Replace("line 5", $"line {number + 1}", StringComparison.Ordinal);
            Assert.Equal([expected], Programs.Explore(text).Messages);
            Assert.Equal([expected], Programs.Explore(text + "\nthread other\n  q = y\n").Messages);
            Assert.Equal([expected], Programs.ExploreDirectly(text).Messages);
        }
    }

    [Fact]
    public static void A_loop_with_a_shared_access_is_not_cut()
        => Assert.Equal(1, Programs.Explore("shared x\nthread a\n  repeat 20000\n  r = x\n  end").Complete);

    [Fact]
    public static void Another_threads_lock_is_not_released()
        => Assert.Equal(
            ["lock-misuse: b releases l, which it does not hold, in line 6: release l"],
            Programs.Explore("lock l\nthread a\n  acquire l\nthread b\n  release l").Messages);

    [Fact]
    public static void A_lock_that_its_own_thread_holds_is_a_deadlock()
        => Assert.Equal(2, Programs.Explore("lock l\nshared x\nthread a\n  acquire l\n  acquire l\nthread b\n  r = x").Deadlocked);

    [Fact]
    public static void Await_waits_and_copies_have_their_numbers()
    {
        var all = Programs.Explore("shared turn\nthread p * 3\n  await turn == id\n  turn = id + 1");
        Assert.Equal("1 0 0; turn=3: 1; ", all.ToString());
    }

    [Fact]
    public static void What_is_awaited_for_ever_is_a_deadlock()
        => Assert.Equal((0, 1), (Programs.Explore("shared x\nthread a\n  await x == 1").Complete, Programs.Explore("shared x\nthread a\n  await x == 1").Deadlocked));

    [Fact]
    public static void Registers_and_arithmetic_are_no_points()
    {
        const string Text = "shared x\nthread p * 2\n  r = id * 3\n  if r == 3\n  r = 4\n  end\n  repeat 5\n  r = r + 1\n  end\n  x = r";
        Assert.Equal("2 0 0; p[0].r=5 p[1].r=9 x=5: 1, p[0].r=5 p[1].r=9 x=9: 1; ", Programs.Explore(Text).ToString());
    }

    [Fact]
    public static void Locks_exclude_each_other()
    {
        var all = Programs.Explore("shared x\nlock l\nthread p * 3\n  acquire l\n  r = x\n  x = r + 1\n  release l");
        Assert.Equal(0, all.Deadlocked);
        Assert.All(all.Outcomes.Keys, o => Assert.EndsWith("x=3", o, StringComparison.Ordinal));
    }

    [Fact]
    public static void A_long_expression_needs_no_deep_stack()
    {
        var sum = string.Join(" + ", Enumerable.Repeat("r", 1_000));
        Assert.Equal(1_000, AloneRegister($"shared x\nthread a\n  r = 1\n  r = {sum}", "a.r"));
        Assert.InRange(ProgramText.Compile($"shared x\nthread a\n  r = 1\n  r = {sum}").StackDepth, 1, 2);
    }

    private static long AloneRegister(string text, string name)
    {
        var code = ProgramText.Compile(text);
        var machine = new ProgramMachine(code);
        while (machine.Advance(0))
        {
            Assert.True(machine.IsEnabled(0));
            machine.Step(0);
        }

        Assert.Null(machine.Fault);
        Assert.True(machine.HasEnded(0));
        var register = code.Threads[0].Registers.IndexOf(name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]);
        return name.Contains('.', StringComparison.Ordinal) ? machine.RegisterOf(0, register) : machine.ValueOf(0);
    }
}
