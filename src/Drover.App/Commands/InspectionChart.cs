// The charts of a report, as SVG.
using System.Globalization;
using System.Text;

namespace Drover.App.Commands;

/// <summary>Draws with classes, so that the report's style colours them in light and dark.</summary>
internal static class InspectionChart
{
    private const int Width = 720;
    private const int Height = 120;
    private const int Left = 44;
    private const int Bottom = 18;
    private static readonly int[] s_steps = [1, 2, 4, 6, 8, 10];

    /// <summary>A bar of one share, 0 to 1.</summary>
    public static string Gauge(double share, string label) => Parts([share], ["p1"], label);

    /// <summary>A bar of shares, 0 to 1, one after the other.</summary>
    public static string Parts(IReadOnlyList<double> shares, IReadOnlyList<string> kinds, string label)
    {
        StringBuilder svg = new();
        svg.Append("<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"")
            .Append(InspectionHtml.Encode(label))
            .Append("\"><rect class=\"track\" width=\"100\" height=\"6\"/>");
        double at = 0;
        for (int i = 0; i < shares.Count; i++)
        {
            double width = Math.Clamp(100 * shares[i], 0, 100 - at);
            svg.Append($"<rect class=\"{kinds[i]}\" x=\"{Number(at)}\" width=\"{Number(width)}\" height=\"6\"/>");
            at += width;
        }
        return svg.Append("</svg>").ToString();
    }

    /// <summary>Lines over one time, the first with its area.</summary>
    public static string Lines(IReadOnlyList<IReadOnlyList<double>> series, TimeSpan time, string label)
    {
        double most = Math.Max(1, series.Max(static one => one.Max()));
        double top = NiceAbove(most);
        StringBuilder svg = new();
        svg.Append($"<svg class=\"lines\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"")
            .Append(InspectionHtml.Encode($"{label}: at most {Number(most)}"))
            .Append("\">");
        foreach (double level in (ReadOnlySpan<double>)[0, top / 2, top])
        {
            double y = Y(level, top);
            svg.Append($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width}\" y1=\"{Number(y)}\" y2=\"{Number(y)}\"/>")
                .Append($"<text x=\"{Left - 8}\" y=\"{Number(y + 4)}\" text-anchor=\"end\">{Number(level)}</text>");
        }
        svg.Append($"<text x=\"{Left}\" y=\"{Height - 3}\">0 s</text>")
            .Append($"<text x=\"{Width}\" y=\"{Height - 3}\" text-anchor=\"end\">")
            .Append($"{Number(Math.Round(time.TotalSeconds))} s</text>");
        for (int i = 0; i < series.Count; i++)
        {
            string points = Points(series[i], top);
            if (i == 0)
            {
                string floor = Number(Y(0, top));
                svg.Append($"<polygon class=\"area\" points=\"{Left},{floor} {points} {Width},{floor}\"/>");
            }
            svg.Append($"<polyline class=\"l{i + 1}\" points=\"{points}\"/>");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static string Points(IReadOnlyList<double> values, double top) =>
        string.Join(' ', values.Select((value, i) => $"{Number(X(i, values.Count))},{Number(Y(value, top))}"));

    private static double X(int index, int count) => Left + ((double)(Width - Left) * index / Math.Max(1, count - 1));

    private static double Y(double value, double top) => Height - Bottom - ((Height - Bottom - 6) * value / top);

    // 1, 2 or 5 times a power of ten, and even, so that the middle is a whole number.
    private static double NiceAbove(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        double nice = s_steps.First(step => step * power >= value) * power;
        return Math.Max(2, nice);
    }

    private static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);
}
