// Both strategies side by side: time, disk, WAL, locks, and what pruning gains.
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>
/// Times a small scan of the table, and derives the rest from it by shares that stand here. The shares are those of
/// PostgreSQL 18 with its defaults on one disk; they are for choosing, not for promising.
/// </summary>
/// <param name="time">Times the scan.</param>
internal sealed class StrategyComparison(TimeProvider time)
{
    // 16 MB: a quarter of a second from a slow disk.
    private const long SampleBytes = 16 << 20;

    // Less than this says more about the round trip than about the disk.
    private const long SampleBytesMin = 1 << 20;

    // Of a disk in a cloud, where nothing could be measured.
    private const double DefaultReadRate = 100e6;

    // Rows written with a primary key and WAL, as a share of the speed at which they are read.
    private const double WriteShare = 0.25;

    // The comparison reads two tables and hashes every column.
    private const double CompareShare = 0.25;

    // Sorting and writing an index, as a share of the speed at which the table is read.
    private const double IndexShare = 0.5;

    // Copy and comparison rest in between.
    private static readonly double s_duty = new ThrottleLimits().Duty;

    private static readonly TimeSpan s_sampleMax = TimeSpan.FromSeconds(5);

    /// <summary>The comparison. Changes nothing.</summary>
    public async Task<IReadOnlyList<StrategyEstimate>> CompareAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ConversionSettings settings,
        int partitions,
        CancellationToken cancellationToken
    )
    {
        (double rate, string basis) = await MeasureAsync(connection, table, cancellationToken);
        double newest = await ReadNewestShareAsync(connection, table, settings, cancellationToken);
        TableSize size = table.Size;
        long rows = (long)Math.Max(size.EstimatedRows, 0);
        long heap = size.HeapBytes + size.ToastBytes;
        double old = partitions > 0 ? 1 - (1.0 / partitions) : 0;
        string chosen = settings.Bound is null ? ConversionOperation.CopyStrategy : AttachOperation.Strategy;
        StrategyEstimate copy = new()
        {
            Strategy = ConversionOperation.CopyStrategy,
            Rows = rows,
            ReadBytes = (3 * heap) + size.IndexBytes,
            DiskBytes = size.TotalBytes,
            WalBytes = size.TotalBytes,
            Seconds =
                ((heap / (rate * WriteShare)) + (2 * heap / (rate * CompareShare))) / s_duty
                + (Secondary(table) * ((heap / rate) + (heap / (rate * IndexShare)))),
            Lock = "ACCESS EXCLUSIVE, tens of ms",
            PrunedShare = Math.Max(1 - newest, 0),
            PrunedShareOfOld = old,
            Basis = basis,
        };
        (int count, long bytes) = new AttachIndexes(table.WithoutOwnObjects(), settings.Layout).Built;
        StrategyEstimate attach = new()
        {
            Strategy = AttachOperation.Strategy,
            Rows = 0,
            ReadBytes = heap * (1 + (2L * count)),
            DiskBytes = bytes,
            WalBytes = bytes,
            Seconds = (heap / rate) + (count * ((heap / rate) + (heap / (rate * IndexShare)))),
            Lock = "ACCESS EXCLUSIVE, tens of ms",
            PrunedShare = 0,
            PrunedShareOfOld = 0,
            Basis = basis,
        };
        return [.. new[] { copy, attach }.Select(one => one with { IsChosen = one.Strategy == chosen })];
    }

    private static int Secondary(TableDescription table) =>
        Math.Max(table.Indexes.Count(index => index.IsValid) - 1, 0);

    private async Task<(double BytesPerSecond, string Basis)> MeasureAsync(
        NpgsqlConnection connection,
        TableDescription table,
        CancellationToken cancellationToken
    )
    {
        TableSize size = table.Size;
        long blocks = size.HeapBytes > 0 ? size.Blocks * SampleBytes / size.HeapBytes : 0;
        if (Math.Min(size.HeapBytes, SampleBytes) >= SampleBytesMin)
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            try
            {
                string limit = string.Create(CultureInfo.InvariantCulture, $"{s_sampleMax.TotalMilliseconds}");
                await connection.ExecuteAsync($"SET LOCAL statement_timeout = {limit}", [], cancellationToken);
                long began = time.GetTimestamp();
                await connection.ScalarAsync(
                    $"SELECT sum(pg_column_size(t.*)) FROM ONLY {table.Name} AS t WHERE ctid < '({blocks},0)'",
                    [],
                    cancellationToken
                );
                double seconds = Math.Max(time.GetElapsedTime(began).TotalSeconds, 0.001);
                double bytes = Math.Min(SampleBytes, size.HeapBytes);
                string basis = string.Create(
                    CultureInfo.InvariantCulture,
                    $"measured: {bytes / 1e6:0} MB of it were read in {seconds:0.00} s"
                );
                return (bytes / seconds, basis);
            }
            // Too slow to be measured, or not ours to read.
            catch (PostgresException failure)
                when (failure.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.InsufficientPrivilege)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        return (DefaultReadRate, "not measured: 100 MB/s are taken as the speed of reading");
    }

    // By the planner's histogram; without one the rows may lie anywhere.
    private async Task<double> ReadNewestShareAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ConversionSettings settings,
        CancellationToken cancellationToken
    )
    {
        PartitionScheme scheme = settings.Scheme;
        List<string> texts = await connection.ListAsync(
            """
            SELECT unnest(histogram_bounds::text::text[]) FROM pg_stats
            WHERE schemaname = $1 AND tablename = $2 AND attname = $3
            """,
            [table.Name.Schema, table.Name.Name, settings.Layout.Key],
            row => row.GetString(0),
            cancellationToken
        );
        List<long> bounds =
        [
            .. texts
                .Select(text => BoundAxis.TryRead(scheme.Kind, text, out long at, out _) ? at : (long?)null)
                .OfType<long>()
                .Where(scheme.Supports),
        ];
        if (bounds.Count < 2)
        {
            return 1;
        }
        long now = scheme.Kind.IsNumber() ? bounds[^1] : scheme.PositionOf(time.GetUtcNow());
        // The range of now may be empty, as on a copy of some weeks ago: then the newest that is not.
        PartitionRange newest = scheme.RangeOf(Math.Min(now, bounds[^1]));
        return (double)bounds.Count(at => PartitionBound.At(at) >= newest.From) / bounds.Count;
    }
}
