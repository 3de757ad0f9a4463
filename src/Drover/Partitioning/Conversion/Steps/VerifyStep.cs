// The exact comparison as batches of the engine.
using System.Collections.Immutable;
using System.Text.Json;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Verification;
using Npgsql;

namespace Drover.Partitioning.Conversion.Steps;

/// <summary>Where a verification stands.</summary>
/// <param name="Mirror">The mirror's versions when it began; a mirror that has changed since proves nothing.</param>
/// <param name="After">The last identity that was compared; null at the beginning.</param>
/// <param name="RowsDone">Rows compared.</param>
/// <param name="RowsAll">An estimate of all.</param>
/// <param name="Different">Rows that differ.</param>
/// <param name="IsCompared">All ranges are compared; what is left is the judgement.</param>
/// <param name="Spread">How far apart the last range's identities were; 0: not known.</param>
internal sealed record VerifyCursor(
    string Mirror,
    ImmutableArray<string>? After,
    long RowsDone,
    double RowsAll,
    long Different,
    bool IsCompared = false,
    double Spread = 0
);

/// <summary>Why the tables are compared.</summary>
internal enum VerifyMode
{
    /// <summary>To know whether they are equal.</summary>
    Always,

    /// <summary>The same, unless it is known: the last result still counts.</summary>
    IfNotValid,

    /// <summary>To have the rows that differ made equal.</summary>
    Repair,

    /// <summary>The same, if rows may differ that nobody has noted; else there is nothing to do.</summary>
    RepairIfBehind,
}

/// <summary>
/// Compares range after range. Rows that differ are written down by identity and column; at the end they fail the
/// step, in a batch of its own, so that what was written down is kept. An earlier result counts no longer from the
/// first batch on. In a repair the mirror is put back if it is not as it must be, and rows that differ are noted in the
/// key log instead; the sweep after it makes them equal.
/// </summary>
internal sealed class VerifyStep(
    ConversionLayout planned,
    QualifiedName leader,
    QualifiedName follower,
    VerifyMode mode = VerifyMode.Always
) : IBatchStep
{
    private const int ShownMax = 20;

    public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
    {
        // What the planner knows of the key log can be hours old: a nested loop would read it once for each row.
        await context.Connection.ExecuteAsync(
            "SET LOCAL row_security = off; SET LOCAL enable_nestloop = off",
            [],
            cancellationToken
        );
        ConversionRecord record = new(context.RunId);
        if (context.Cursor is null && await IsNeedlessAsync(context.Connection, record, cancellationToken))
        {
            return new BatchResult(0, 0, IsDone: true, Progress: 1);
        }
        RangeVerification verification = new(
            await record.ReadLayoutAsync(context.Connection, planned, cancellationToken),
            leader,
            follower
        );
        VerifyCursor cursor = context.Cursor is null
            ? await BeginAsync(context, cancellationToken)
            : JsonSerializer.Deserialize(context.Cursor, ConversionJson.Default.VerifyCursor)!;
        if (cursor.IsCompared)
        {
            await JudgeAsync(context, cursor, cancellationToken);
            return new BatchResult(0, 0, IsDone: true, Progress: 1);
        }
        IdentityRange range = await verification.Ranges.NextAsync(
            context.Connection,
            cursor.After,
            context.Budget.Rows,
            cursor.Spread,
            cancellationToken
        );
        RangeComparison comparison = await verification.CompareAsync(context.Connection, range, cancellationToken);
        long different = comparison.IsEqual ? 0 : await TreatAsync(context, verification, range, cancellationToken);
        cursor = cursor with
        {
            After = range.To,
            RowsDone = cursor.RowsDone + comparison.Leader.Rows,
            Different = cursor.Different + different,
            IsCompared = range.To is null,
            Spread = verification.Ranges.Spread(range, comparison.Leader.Rows),
        };
        return new BatchResult(
            // Never none: the engine would rest as if there were nothing to do.
            Math.Max(comparison.Leader.Rows, 1),
            0,
            IsDone: false,
            Math.Min(0.99, cursor.RowsDone / Math.Max(cursor.RowsAll, 1)),
            JsonSerializer.Serialize(cursor, ConversionJson.Default.VerifyCursor)
        );
    }

    private bool IsRepair => mode is VerifyMode.Repair or VerifyMode.RepairIfBehind;

    private async Task<bool> IsNeedlessAsync(
        NpgsqlConnection connection,
        ConversionRecord record,
        CancellationToken cancellationToken
    )
    {
        if (mode == VerifyMode.RepairIfBehind)
        {
            return !await record.ReadBehindAsync(connection, cancellationToken);
        }
        return mode == VerifyMode.IfNotValid
            && await record.ReadVerifiedAsync(connection, cancellationToken) is { Length: > 0 } verified
            && verified == await ReadMirrorAsync(connection, record, cancellationToken);
    }

    private async Task<VerifyCursor> BeginAsync(BatchContext context, CancellationToken cancellationToken)
    {
        ConversionRecord record = new(context.RunId);
        string mirror = await ReadMirrorAsync(context.Connection, record, cancellationToken);
        if (mirror.Length == 0 && IsRepair)
        {
            await RestoreAsync(context, record, cancellationToken);
            mirror = await ReadMirrorAsync(context.Connection, record, cancellationToken);
        }
        if (mirror.Length == 0)
        {
            throw new OperationException(
                $"the mirror on {leader} is missing, switched off or not as it must be: repair puts it back",
                OperationOutcome.Differences
            );
        }
        await record.ForgetVerifiedAsync(context.Connection, cancellationToken);
        object? rows = await context.Connection.ScalarAsync(
            "SELECT reltuples::float8 FROM pg_class WHERE oid = to_regclass($1)",
            [follower.ToString()],
            cancellationToken
        );
        return new VerifyCursor(mirror, null, 0, rows as double? ?? 0, 0);
    }

    private async Task RestoreAsync(BatchContext context, ConversionRecord record, CancellationToken cancellationToken)
    {
        ConversionLayout layout = await record.ReadLayoutAsync(context.Connection, planned, cancellationToken);
        foreach (string statement in new Mirror(layout).Restore(follower))
        {
            await context.Connection.ExecuteAsync(statement, [], cancellationToken);
        }
        string what = $"the mirror on {leader} was missing or not as it must be, and is put back";
        await context.WriteEventAsync("mirror-restored", what, cancellationToken);
    }

    private async Task<string> ReadMirrorAsync(
        NpgsqlConnection connection,
        ConversionRecord record,
        CancellationToken cancellationToken
    ) =>
        await TargetCatalog.ReadMirrorAsync(
            connection,
            await record.ReadLayoutAsync(connection, planned, cancellationToken),
            follower,
            cancellationToken
        );

    private async Task<long> TreatAsync(
        BatchContext context,
        RangeVerification verification,
        IdentityRange range,
        CancellationToken cancellationToken
    )
    {
        if (IsRepair)
        {
            return await verification.NoteAsync(context.Connection, range, cancellationToken);
        }
        ImmutableArray<RowDifference> rows = await verification.FindAsync(
            context.Connection,
            range,
            int.MaxValue,
            cancellationToken
        );
        foreach (RowDifference row in rows.Take(ShownMax))
        {
            string columns = row.Columns.Length == 0 ? "" : $" in {string.Join(", ", row.Columns)}";
            await context.WriteEventAsync(
                "difference",
                $"row ({string.Join(", ", row.Identity)}) is {row.Kind}{columns}",
                cancellationToken
            );
        }
        return rows.Length;
    }

    private async Task JudgeAsync(BatchContext context, VerifyCursor cursor, CancellationToken cancellationToken)
    {
        ConversionRecord record = new(context.RunId);
        string mirror = await ReadMirrorAsync(context.Connection, record, cancellationToken);
        if (mirror != cursor.Mirror)
        {
            throw new OperationException(
                "the mirror's triggers were changed while the tables were compared, so the comparison "
                    + "proves nothing: verify again",
                OperationOutcome.Differences
            );
        }
        if (IsRepair)
        {
            // Whatever a TRUNCATE may have left was just noted row by row.
            await context.Connection.ExecuteAsync(
                $"DELETE FROM {planned.KeyLog} WHERE k1 IS NULL",
                [],
                cancellationToken
            );
            await record.SetBehindAsync(context.Connection, isBehind: false, cancellationToken);
            return;
        }
        if (cursor.Different > 0)
        {
            throw new OperationException(
                $"{cursor.Different} rows of {follower} differ from {leader}; status lists them. repair "
                    + $"makes them equal and "
                    + "compares again",
                OperationOutcome.Differences
            );
        }
        await record.SetVerifiedAsync(context.Connection, mirror, cancellationToken);
    }
}
