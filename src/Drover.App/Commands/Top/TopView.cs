// A picture as lines that fit a width.
using System.Globalization;
using System.Text;
using Drover.Advice.Metrics;

namespace Drover.App.Commands.Top;

/// <summary>How a line stands out.</summary>
internal enum TopStyle
{
    /// <summary>As any.</summary>
    Plain,

    /// <summary>The heading of a part.</summary>
    Heading,

    /// <summary>Something is wrong.</summary>
    Alarm,

    /// <summary>Said by the way.</summary>
    Quiet,
}

/// <summary>A line, no longer than it may be.</summary>
internal readonly record struct TopLine(string Text, TopStyle Style = TopStyle.Plain);

/// <summary>
/// Draws. Texts that come from the server are shown without control characters, or a statement could give orders to
/// the terminal.
/// </summary>
internal static class TopView
{
    private const int WidthMin = 20;
    private const int MetricWidth = 46;
    private const int FirstWide = 0x1100;

    /// <summary>The lines, at most as many as fit.</summary>
    /// <param name="picture">What.</param>
    /// <param name="settings">How.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Lines; int.MaxValue for all.</param>
    public static IReadOnlyList<TopLine> Draw(TopPicture picture, TopSettings settings, int width, int height)
    {
        List<TopLine> lines = [];
        string paused = settings.IsPaused ? "PAUSED  " : "";
        lines.Add(
            new TopLine(
                $"{paused}{picture.Server}  PostgreSQL {picture.Version}  {Text($"{picture.At:HH:mm:ss}")} UTC",
                TopStyle.Heading
            )
        );
        if (picture.Problem.Length > 0)
        {
            lines.Add(new TopLine($"{picture.Problem}; tried again. What follows is older.", TopStyle.Alarm));
        }
        Metrics(lines, picture, width);
        Blocking(lines, picture);
        if (picture.Pools is not null)
        {
            Pools(lines, picture);
        }
        Statements(lines, picture, settings);
        int most = Math.Max(1, settings.HasKeys ? height - 1 : height);
        lines = lines.Count > most ? lines[..most] : lines;
        if (settings.HasKeys)
        {
            lines.Add(new TopLine("q quit  p pause  sort: t time  c calls  m mean  r rows", TopStyle.Quiet));
        }
        return [.. lines.Select(line => line with { Text = Fit(line.Text, Math.Max(width, WidthMin)) })];
    }

    /// <summary>A text on one line of at most so many columns, without control characters.</summary>
    public static string Fit(string text, int width)
    {
        StringBuilder fitting = new();
        int used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            UnicodeCategory kind = Rune.GetUnicodeCategory(rune);
            bool isHidden =
                kind
                is UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.Surrogate;
            Rune shown = isHidden ? new Rune(' ') : rune;
            // Wide or not: none is taken for narrower than it is.
            int columns = shown.Value >= FirstWide ? 2 : 1;
            if (used + columns > width)
            {
                break;
            }
            used += columns;
            fitting.Append(shown);
        }
        return fitting.ToString().TrimEnd();
    }

    private static void Metrics(List<TopLine> lines, TopPicture picture, int width)
    {
        int across = Math.Max(1, width / MetricWidth);
        string[] cells =
        [
            .. picture.Metrics.Select(static metric =>
                $"{metric.Metric, -28}{(metric.Value is { } value ? Text($"{value:#,0.##} {metric.Unit}") : "-"), 14}"
            ),
        ];
        int rows = (cells.Length + across - 1) / across;
        for (int row = 0; row < rows; row++)
        {
            IEnumerable<string> inRow = Enumerable
                .Range(0, across)
                .Select(column => row + (column * rows))
                .Where(index => index < cells.Length)
                .Select(index => cells[index]);
            lines.Add(new TopLine(string.Join("    ", inRow)));
        }
    }

    private static void Blocking(List<TopLine> lines, TopPicture picture)
    {
        if (picture.Blocking.Count == 0)
        {
            return;
        }
        lines.Add(new TopLine("waiting for locks", TopStyle.Heading));
        foreach (BlockedSession session in picture.Blocking)
        {
            string arm = session.Depth == 0 ? "" : new string(' ', (session.Depth * 2) - 2) + "└ ";
            string waits = session.Waits.Length > 0 ? $" {session.Waits}" : "";
            lines.Add(
                new TopLine(
                    $"{arm}{session.Pid} {session.State} {Text($"{session.Seconds:0} s")}{waits}  {session.Query}",
                    session.Depth == 0 ? TopStyle.Alarm : TopStyle.Plain
                )
            );
        }
    }

    private static void Pools(List<TopLine> lines, TopPicture picture)
    {
        lines.Add(
            new TopLine("pool                      active   waiting   servers      idle    longest", TopStyle.Heading)
        );
        if (picture.PoolsProblem.Length > 0)
        {
            lines.Add(new TopLine(picture.PoolsProblem, TopStyle.Alarm));
        }
        foreach (TopPool pool in picture.Pools!)
        {
            string figures = Text($"{pool.Active, 8}{pool.Waiting, 10}{pool.ServersActive, 10}{pool.ServersIdle, 10}");
            lines.Add(
                new TopLine(
                    $"{pool.Name, -24}{figures}{Text($"{pool.Wait:0.0} s"), 11}",
                    pool.Waiting > 0 ? TopStyle.Alarm : TopStyle.Plain
                )
            );
        }
    }

    private static void Statements(List<TopLine> lines, TopPicture picture, TopSettings settings)
    {
        string by = settings.Order.ToString().ToLowerInvariant();
        lines.Add(
            new TopLine(
                $"   time   calls/s      mean    rows/s  statement (by {by}, "
                    + Text($"{picture.Span.TotalSeconds:0.#} s)"),
                TopStyle.Heading
            )
        );
        if (picture.StatementsProblem.Length > 0)
        {
            lines.Add(new TopLine(picture.StatementsProblem, TopStyle.Quiet));
        }
        double all = picture.Statements.Sum(static one => one.TotalMs);
        double seconds = Math.Max(0.001, picture.Span.TotalSeconds);
        foreach (TopStatement one in Sorted(picture.Statements, settings.Order).Take(settings.StatementsMax))
        {
            string share = Text($"{(all > 0 ? 100 * one.TotalMs / all : 0):0.0} %");
            lines.Add(
                new TopLine(
                    $"{share, 7}{Text($"{one.Calls / seconds:#,0.0}"), 10}{Text($"{one.MeanMs:#,0.00} ms"), 10}"
                        + $"{Text($"{one.Rows / seconds:#,0}"), 10}  {one.Text}"
                )
            );
        }
    }

    private static IOrderedEnumerable<TopStatement> Sorted(IReadOnlyList<TopStatement> statements, TopOrder order) =>
        statements
            .OrderByDescending(one =>
                order switch
                {
                    TopOrder.Calls => one.Calls,
                    TopOrder.Mean => one.MeanMs,
                    TopOrder.Rows => one.Rows,
                    _ => one.TotalMs,
                }
            )
            .ThenBy(static one => one.Text, StringComparer.Ordinal);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
