// The largest tables of a report: what of them is rows, what is bloat, what is indexes.
using System.Text;
using Drover.Advice.Metrics;
using Drover.Operations;

namespace Drover.App.Commands;

/// <summary>Writes the section of tables.</summary>
internal static class InspectionTables
{
    private const int TablesMax = 20;

    /// <summary>The largest twenty.</summary>
    public static void Write(StringBuilder page, IReadOnlyList<TableFacts> tables)
    {
        TableFacts[] largest = [.. tables.OrderByDescending(static table => table.TotalBytes).Take(TablesMax)];
        if (largest.Length == 0 || largest[0].TotalBytes == 0)
        {
            return;
        }
        page.Append("<section>\n<h2>Largest tables</h2>\n<p class=\"muted keys\"><span class=\"k1\">rows</span> ")
            .Append("<span class=\"k3\">bloat</span> <span class=\"k4\">indexes and TOAST</span></p>\n")
            .Append(
                "<div class=\"scroll\"><table>\n<thead><tr><th>Table</th><th>Made of</th><th class=\"right\">Size</th>"
            )
            .Append("<th class=\"right\">Rows</th><th class=\"right\">Dead</th><th class=\"right\">Bloat</th>")
            .Append("<th class=\"right\">Read whole</th><th class=\"right\">By index</th></tr></thead>\n<tbody>\n");
        foreach (TableFacts table in largest)
        {
            Write(page, table, largest[0].TotalBytes);
        }
        page.Append("</tbody></table></div>\n</section>\n");
    }

    private static void Write(StringBuilder page, TableFacts table, long most)
    {
        double rows = (double)(table.Bytes - table.BloatBytes) / most;
        double bloat = (double)table.BloatBytes / most;
        double others = (double)(table.TotalBytes - table.Bytes) / most;
        double dead = table.DeadRows / Math.Max(1, Math.Max(0, table.Rows) + table.DeadRows);
        string bloatPart =
            table.ExpectedBytes is null || table.Bytes == 0
                ? "–"
                : InspectionHtml.Text($"{100.0 * table.BloatBytes / table.Bytes:0} %");
        page.Append($"<tr><td><code>{InspectionHtml.Encode(table.Name)}</code></td><td>")
            .Append(InspectionChart.Parts([rows, bloat, others], ["p1", "p3", "p4"], table.Name))
            .Append($"</td><td class=\"right\">{ByteText.Of(table.TotalBytes)}</td>")
            .Append(InspectionHtml.Text($"<td class=\"right\">{Math.Max(0, table.Rows):N0}</td>"))
            .Append(
                InspectionHtml.Text($"<td class=\"right\">{100 * dead:0} %</td><td class=\"right\">{bloatPart}</td>")
            )
            .Append(InspectionHtml.Text($"<td class=\"right\">{table.SequentialScans:N0}</td>"))
            .Append(InspectionHtml.Text($"<td class=\"right\">{table.IndexScans:N0}</td></tr>\n"));
    }
}
