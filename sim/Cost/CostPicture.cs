using System.Globalization;
using System.Text;

namespace Fscrypt.Sim.Cost;

/// <summary>
/// A picture of what one REMOVE and the look at the other files after it take, against the number of others: a panel for each number of
/// unlocked files, a line for each design. Drawn from counted work, so that it is the same to the byte everywhere.
/// </summary>
public static class CostPicture
{
    private const int PanelWidth = 230;
    private const int PanelHeight = 260;
    private const int Left = 60;
    private const int Top = 40;
    private const int Gap = 60;
    private const double Least = 1;                      // milliseconds: the axis is logarithmic
    private const double Most = 10_000;

    private static readonly string[] Colours =
        ["#1b6ca8", "#d1495b", "#2e8b57", "#8e44ad", "#e08e0b", "#16a2b8", "#7f5539", "#5c677d", "#c2185b", "#6b8e23", "#000000", "#00897b"];

    /// <summary>The picture as SVG.</summary>
    /// <param name="counted">What was counted; where files are dirty it is left out.</param>
    public static string Draw(IEnumerable<SequentialCost> counted)
    {
        var runs = counted.Where(r => r.Dirty == 0).ToList();
        int[] sizes = [.. runs.Select(r => r.Unlocked).Distinct().Order()];
        int[] others = [.. runs.Select(r => r.Bystanders).Distinct().Order()];
        string[] designs = [.. runs.Select(r => r.Design).Distinct()];
        var legend = Top + PanelHeight + 60;
        var text = new StringBuilder();
        Line(text, $"""<svg xmlns="http://www.w3.org/2000/svg" width="{Left + (sizes.Length * (PanelWidth + Gap))}" height="{legend + (20 * ((designs.Length + 1) / 2)) + 10}" font-family="sans-serif" font-size="12">""");
        Line(text, $"""<rect width="100%" height="100%" fill="white"/>""");
        for (var panel = 0; panel < sizes.Length; panel++)
        {
            var left = Left + (panel * (PanelWidth + Gap));
            Line(text, $"""<text x="{left}" y="{Top - 14}">{sizes[panel]:N0} files unlocked: ms on Linux, by the model</text>""");
            for (var tick = Least; tick <= Most; tick *= 10)
            {
                Line(text, $"""<line x1="{left}" x2="{left + PanelWidth}" y1="{Y(tick):0.0}" y2="{Y(tick):0.0}" stroke="#dddddd"/>""");
                Line(text, $"""<text x="{left - 6}" y="{Y(tick) + 4:0.0}" text-anchor="end">{tick:N0}</text>""");
            }

            foreach (var other in others)
                Line(text, $"""<text x="{X(left, other, others[^1]):0.0}" y="{Top + PanelHeight + 18}" text-anchor="middle">{other:N0}</text>""");
            Line(text, $"""<text x="{left + (PanelWidth / 2)}" y="{Top + PanelHeight + 34}" text-anchor="middle">other cached files</text>""");
            for (var design = 0; design < designs.Length; design++)
            {
                var points = runs.Where(r => r.Design == designs[design] && r.Unlocked == sizes[panel]).OrderBy(r => r.Bystanders)
                    .Select(r => string.Create(CultureInfo.InvariantCulture, $"{X(left, r.Bystanders, others[^1]):0.0},{Y(r.Milliseconds + r.MillisecondsAfter):0.0}"));
                Line(text, $"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="{Colours[design % Colours.Length]}" stroke-width="2" stroke-opacity="0.8"/>""");
            }
        }

        for (var design = 0; design < designs.Length; design++)
        {
            var (x, y) = (Left + (design % 2 * 340), legend + (design / 2 * 20));
            Line(text, $"""<line x1="{x}" x2="{x + 24}" y1="{y}" y2="{y}" stroke="{Colours[design % Colours.Length]}" stroke-width="3"/>""");
            Line(text, $"""<text x="{x + 30}" y="{y + 4}">{designs[design]}</text>""");
        }

        Line(text, $"</svg>");
        return text.ToString();
    }

    private static double X(int left, int bystanders, int most) => left + (PanelWidth * (bystanders / (double)Math.Max(1, most)));

    private static double Y(double milliseconds)
        => Top + (PanelHeight * (1 - (Math.Log10(Math.Clamp(milliseconds, Least, Most) / Least) / Math.Log10(Most / Least))));

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
