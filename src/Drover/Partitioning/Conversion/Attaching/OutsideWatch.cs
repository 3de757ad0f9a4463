// Work of a run that waits behind the cut-over: counts the rows that a rollback would have to move.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Steps;
using Npgsql;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>Says when there are too many of them, since a rollback moves them under a lock that stops
/// everybody.</summary>
internal sealed class OutsideWatch(ConversionSettings settings) : IGateStep
{
    /// <summary>The most rows that a rollback moves; a few hundred milliseconds.</summary>
    public const long RowsMax = 20_000;

    public async Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken)
    {
        long outside = await CountAsync(context.Connection, settings.Layout, cancellationToken);
        await WatchStep.NoteAsync(
            context,
            outside > RowsMax ? "rows outside" : null,
            "the rows outside the old table are few again",
            TooMany(outside),
            cancellationToken
        );
        return new BatchResult(0, 0, IsDone: true, Progress: 1);
    }

    /// <summary>Rows of all partitions but the old table; one more than <see cref="RowsMax"/> stands for all
    /// above.</summary>
    public static async Task<long> CountAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        await connection.ExecuteAsync("SET LOCAL row_security = off", [], cancellationToken);
        long rows = 0;
        foreach (
            QualifiedName partition in await TargetCatalog.ListPartitionsAsync(
                connection,
                layout.Table,
                cancellationToken
            )
        )
        {
            if (partition != layout.OldTable && rows <= RowsMax)
            {
                string count = $"SELECT count(*) FROM (SELECT FROM {partition} LIMIT {RowsMax + 1 - rows}) AS r";
                rows += (long)(await connection.ScalarAsync(count, [], cancellationToken))!;
            }
        }
        return rows;
    }

    /// <summary>What is said when there are too many.</summary>
    public static string TooMany(long rows) =>
        (rows > RowsMax ? $"more than {RowsMax}" : rows.ToString(CultureInfo.InvariantCulture))
        + " rows lie in other partitions than the old table. A rollback would move them while everybody waits, so "
        + "there is none any more";
}
