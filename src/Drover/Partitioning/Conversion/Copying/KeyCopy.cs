// Copies the source's rows into the target in the order of what identifies them, range by range.
using System.Collections.Immutable;
using Drover.Operations.Connections;
using Drover.Partitioning.Conversion.Verification;
using Npgsql;

namespace Drover.Partitioning.Conversion.Copying;

/// <summary>Where a copy by key stands; kept in the journal between batches.</summary>
/// <param name="Last">The highest identity when the copy began; what is inserted above it comes by the mirror. Null:
/// the table was empty.</param>
/// <param name="After">The last identity that is copied; null at the beginning.</param>
/// <param name="RowBytes">What a row takes on average; 0: not known.</param>
/// <param name="RowsAll">An estimate of all rows.</param>
/// <param name="RowsDone">Rows of the ranges that are copied.</param>
/// <param name="Patient">How many more batches expect rows that the mirror has put there before.</param>
internal sealed record KeyCursor(
    ImmutableArray<string>? Last,
    ImmutableArray<string>? After,
    double RowBytes,
    double RowsAll,
    long RowsDone,
    int Patient
)
{
    /// <summary>Nothing is left.</summary>
    public bool IsDone => Last is not { } last || (After is { } after && after.SequenceEqual(last));

    /// <summary>From 0 to 1.</summary>
    public double Progress => IsDone ? 1 : Math.Min(0.99, RowsDone / Math.Max(RowsAll, 1));
}

/// <summary>What one batch of the copy did.</summary>
internal sealed record KeyBatch(KeyCursor Cursor, long Rows, long Bytes);

/// <summary>
/// One batch, in the caller's READ COMMITTED transaction: for tables whose rows do not lie in blocks that a ctid names.
/// Needs nothing of the table but the index of its identity, and it does not matter where its rows lie or move to.
/// </summary>
internal sealed class KeyCopy(ConversionLayout layout)
{
    // The planner knows little of how many rows lie between two composite keys, and might read the whole table for
    // each batch.
    private const string Planning = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

    private readonly CopyInsert _insert = new(layout);
    private readonly IdentityRanges _ranges = new(layout, layout.Table);

    /// <summary>Copies the next rows, about as many as the budget says.</summary>
    public async Task<KeyBatch> RunAsync(
        NpgsqlConnection connection,
        KeyCursor? cursor,
        long bytesMax,
        long rowsMax,
        CancellationToken cancellationToken
    )
    {
        await CopyInsert.ExecuteAsync(connection, $"{_insert.Begin}; {Planning}", cancellationToken);
        cursor ??= await BeginAsync(connection, cancellationToken);
        if (cursor.IsDone)
        {
            return new KeyBatch(cursor, 0, 0);
        }
        long wanted = cursor.RowBytes > 0 ? (long)Math.Min(rowsMax, bytesMax / cursor.RowBytes) : rowsMax;
        IdentityRange range = await _ranges.NextAsync(
            connection,
            cursor.After,
            cursor.Last,
            Math.Max(wanted, 1),
            cancellationToken
        );
        (long rows, int patient) = await _insert.RunAsync(
            connection,
            _ranges.Condition("s", range),
            cursor.Patient,
            cancellationToken
        );
        long found = Math.Max(rows, range.To!.Value.SequenceEqual(cursor.Last!.Value) ? 1 : wanted);
        return new KeyBatch(
            cursor with
            {
                After = range.To,
                RowsDone = cursor.RowsDone + found,
                Patient = patient,
            },
            rows,
            // Never none, also where the mirror had put all of them there: the engine would rest as if there were
            // nothing to do.
            (long)Math.Max(found * cursor.RowBytes, 1)
        );
    }

    private async Task<KeyCursor> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        List<(double Bytes, double Rows)> sizes = await connection.ListAsync(
            "SELECT pg_table_size(oid)::float8, greatest(reltuples, 0)::float8 "
                + "FROM pg_class WHERE oid = to_regclass($1)",
            [layout.Table.ToString()],
            static row => (row.GetDouble(0), row.GetDouble(1)),
            cancellationToken
        );
        (double bytes, double rows) = sizes.Single();
        return new KeyCursor(
            await _ranges.LastAsync(connection, cancellationToken),
            null,
            rows > 0 ? bytes / rows : 0,
            rows,
            0,
            0
        );
    }
}
