// Disk and WAL: what the conversion needs, and what can be known of what there is.
using System.Globalization;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class SpaceFindings
{
    public static async Task<IReadOnlyList<Finding>> FindAsync(PreflightQuery query, TableDescription table)
    {
        long views = table
            .Dependents.Views.Where(view => view is { IsBound: true, IsMaterialized: true })
            .Sum(v => v.SizeBytes);
        long needed = table.Size.TotalBytes + views;
        IReadOnlyList<string?[]>? wal = await query.TryListAsync("SELECT sum(size) FROM pg_ls_waldir()");
        string walNow = wal is [[{ } size]]
            ? $"The WAL's folder holds {Size(long.Parse(size, CultureInfo.InvariantCulture))} now."
            : "How much WAL there is now may only members of pg_monitor see.";
        IReadOnlyList<string?[]> settings = await query.ListAsync(
            "SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'max_wal_size'"
        );
        long maxWalSize = long.Parse(settings[0][0]!, CultureInfo.InvariantCulture);
        List<Finding> findings =
        [
            new Finding(
                "space",
                FindingSeverity.Info,
                $"{Size(needed)} in {table.Tablespace ?? "the default tablespace"}",
                $"Both tables are there until finish: {Size(table.Size.HeapBytes + table.Size.ToastBytes)} of rows, "
                    + $"{Size(table.Size.IndexBytes)} of indexes, {Size(views)} of materialized views. What is "
                    + "free no SQL can "
                    + "say.",
                "Look at the disk of the database server and leave a fifth of it free."
            ),
            new Finding(
                "wal-volume",
                FindingSeverity.Info,
                $"about {Size(needed)}",
                $"The copy and its indexes are written to the WAL, and so to every standby and archive. {walNow}",
                "Have room for what a slow standby or a failing archive_command keeps back."
            ),
        ];
        if (needed > maxWalSize)
        {
            findings.Add(
                new Finding(
                    "max-wal-size",
                    FindingSeverity.Info,
                    Size(maxWalSize),
                    $"The copy runs through it about {needed / maxWalSize} times; each time is a checkpoint, if "
                        + "the throttle "
                        + "lets it go so fast.",
                    "Raise max_wal_size for the time of the copy (reload, no restart)."
                )
            );
        }
        return findings;
    }

    private static string Size(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB"];
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
