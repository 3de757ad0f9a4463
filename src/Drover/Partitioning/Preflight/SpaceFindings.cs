// Disk and WAL: what the conversion needs, and what can be known of what there is.
using System.Globalization;
using Drover.Operations;
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
        long rows = table.Size.HeapBytes + table.Size.ToastBytes;
        long needed = table.Size.TotalBytes + views;
        IReadOnlyList<string?[]>? wal = await query.TryListAsync("SELECT sum(size) FROM pg_ls_waldir()");
        string walNow = wal is [[{ } size]]
            ? $"The WAL's folder holds {ByteText.Of(long.Parse(size, CultureInfo.InvariantCulture))} now."
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
                $"{ByteText.Of(needed)} in {table.Tablespace ?? "the default tablespace"}",
                $"Both tables are there until finish: {ByteText.Of(rows)} of rows, "
                    + $"{ByteText.Of(table.Size.IndexBytes)} of indexes, {ByteText.Of(views)} of materialized views. "
                    + "What is free no SQL can say.",
                "Look at the disk of the database server and leave a fifth of it free."
            ),
            new Finding(
                "wal-volume",
                FindingSeverity.Info,
                $"about {ByteText.Of(needed)}",
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
                    ByteText.Of(maxWalSize),
                    $"The copy runs through it about {needed / maxWalSize} times; each time is a checkpoint, if "
                        + "the throttle lets it go so fast.",
                    "Raise max_wal_size for the time of the copy (reload, no restart)."
                )
            );
        }
        return findings;
    }
}
