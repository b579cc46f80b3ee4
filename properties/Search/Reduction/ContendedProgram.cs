using System.Globalization;

namespace Fscrypt.Sim.Properties.Search.Reduction;

/// <summary>Small programs whose threads are in each other's way: two variables, two locks, one semaphore, much waiting.</summary>
internal static class ContendedProgram
{
    /// <summary>The program of a number.</summary>
    public static string Text(int seed)
    {
        var random = new Random(seed);
        var text = "shared x, y\nlock l, m\nrwsem z";
        var threads = random.Next(2, 5);
        for (var thread = 0; thread < threads; thread++)
        {
            text += $"\nthread t{thread}\n  r = {random.Next(2)}";
            for (var accesses = 0; accesses < (threads == 2 ? 5 : threads == 3 ? 3 : 2); accesses++)
                text += Statement(random, ref accesses);
        }

        return text;
    }

    private static string Statement(Random random, ref int accesses)
    {
        var variable = random.Next(3) == 0 ? "y" : "x";
        var first = random.Next(2) == 0 ? "l" : "m";
        switch (random.Next(13))
        {
            case 0 or 1:
                return $"\n  {variable} = {Value(random)}";
            case 2:
                return $"\n  r = cas({variable}, {Value(random)}, {Value(random)})";
            case 3:
                return $"\n  r = fetch_add({variable}, 1)";
            case 4:
                return $"\n  await {variable} {(random.Next(2) == 0 ? "==" : "<=")} {Value(random)}";
            case 5:
                accesses++;
                return $"\n  r = try_acquire {first}\n  if r\n  x = 2\n  release {first}\n  end";
            case 6:
                return $"\n  r = try_acquire {first}";
            case 7:
                accesses++;
                return $"\n  acquire {first}\n  {variable} = r\n  release {(random.Next(12) == 0 ? "m" : first)}";
            case 8:
                accesses += 3;
                var second = first == "l" ? "m" : "l";
                return $"\n  acquire {first}\n  acquire {second}\n  release {first}\n  release {second}";
            case 9:
                accesses++;
                return $"\n  down_read z\n  r = {variable}\n  up_read z";
            case 10:
                accesses++;
                return $"\n  down_write z\n  {variable} = {Value(random)}\n  up_write z";
            case 11:
                return $"\n  if r == {Value(random)}\n  r = {variable}\n  else\n  {variable} = 1\n  end";
            default:
                return random.Next(8) == 0 ? $"\n  r = 1 / {variable}" : $"\n  r = {variable}";
        }
    }

    private static string Value(Random random) => random.Next(4) == 0 ? "r" : random.Next(3).ToString(CultureInfo.InvariantCulture);
}
