using System.Globalization;

namespace Fscrypt.Sim.Properties.Scenarios.Programs;

/// <summary>Small programs of everything, good and bad.</summary>
internal static class RandomProgram
{
    private static readonly string[] Registers = ["r", "s"];
    private static readonly string[] Variables = ["x", "y", "a[{0}]"];
    private static readonly string[] Locks = ["l", "m[{0}]"];
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>The program of a number.</summary>
    public static string Text(int seed)
    {
        var random = new Random(seed);
        var text = "shared x, y = 1, a[2]\nlock l, m[2]\nrwsem z";
        var threads = random.Next(2, 4);
        for (var i = 0; i < threads; i++)
        {
            text += random.Next(4) == 0 && i == 0 && threads == 2 ? "\nthread t0 * 2" : $"\nthread t{i}";
            text += "\n  r = id\n  s = 0";
            for (var accesses = 0; accesses < (threads == 3 ? 2 : 3); accesses++)
                text += Statement(random, ref accesses);
        }

        return text;
    }

    private static string Statement(Random random, ref int accesses)
    {
        var register = Pick(random, Registers);
        var variable = Element(random, Variables);
        switch (random.Next(14))
        {
            case 0:
                return $"\n  {variable} = {Value(random)}";
            case 1:
                return $"\n  {register} = cas({variable}, {Value(random)}, {Value(random)})";
            case 2:
                return $"\n  {register} = fetch_add({variable}, {Value(random)})";
            case 3:
                return $"\n  {register} = exchange({variable}, {Value(random)})";
            case 4 when random.Next(3) == 0:
                return $"\n  await {variable} {Pick(random, Comparisons)} {Value(random)}";
            case 5:
                return $"\n  {register} = try_acquire {Element(random, Locks)}";
            case 6:
                accesses++;
                return $"\n  acquire l\n  {register} = {variable}\n  release l";
            case 7:
                accesses++;
                var taken = Element(random, Locks);
                return $"\n  acquire {taken}\n  release {(random.Next(12) == 0 ? "l" : taken)}";
            case 8:
                accesses++;
                return $"\n  down_read z\n  {register} = {variable}\n  up_read z";
            case 9:
                accesses++;
                return $"\n  down_write z\n  {variable} = {Value(random)}\n  up_write z";
            case 10:
                return $"\n  if {Value(random)} {Pick(random, Comparisons)} {Value(random)}\n  {register} = {variable}\n  else\n  {variable} = r\n  end";
            case 11:
                accesses++;
                return $"\n  repeat 2\n  {register} = {variable} + 1\n  end";
            case 12:
                return $"\n  {register} = {Value(random)} / {(random.Next(6) == 0 ? "r" : "2")}\n  {register} = {variable}";
            default:
                return $"\n  {register} = {variable} * {Value(random)} + s";
        }
    }

    private static string Value(Random random) => random.Next(5) switch
    {
        0 => "r",
        1 => "s",
        2 => "r + 1",
        3 => "!s",
        _ => random.Next(3).ToString(CultureInfo.InvariantCulture),
    };

    private static string Element(Random random, string[] names)
        => string.Format(CultureInfo.InvariantCulture, Pick(random, names), random.Next(20) switch { 0 => "r + 1", < 4 => "s % 2", var i => i % 2 });

    private static string Pick(Random random, string[] among) => among[random.Next(among.Length)];
}
