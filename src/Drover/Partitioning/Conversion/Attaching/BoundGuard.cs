// The bound's check comes only while the bound is far, and goes when it comes near: no row may be refused for our sake.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Attaching;

/// <summary>Puts the check on the table.</summary>
internal sealed class BindStep(ConversionSettings settings) : ITransactionStep
{
    /// <summary>The event of a rollback that brought rows from beyond the bound into the table.</summary>
    public const string MovedIn = "rows-moved-in";

    public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        if (await BoundGuard.IsNearAsync(context, settings, cancellationToken))
        {
            throw new OperationException(
                $"the first partition was to end at {settings.Scheme.Print(settings.Bound!.Value)}, which has come too "
                    + "near: abort and plan anew; nothing was copied, so little is lost",
                OperationOutcome.Refused
            );
        }
        object? moved = await context.Connection.ScalarAsync(
            "SELECT true FROM drover.events WHERE run_id = $1 AND kind = $2 LIMIT 1",
            [context.RunId, MovedIn],
            cancellationToken
        );
        if (moved is true)
        {
            // An update of such a row would be refused.
            throw new OperationException(
                "the rollback has moved rows from beyond the first partition's end into the table: abort and plan anew",
                OperationOutcome.Refused
            );
        }
        foreach (string statement in context.Step.Sql)
        {
            await context.Connection.ExecuteAsync(statement, [], cancellationToken);
        }
    }
}

/// <summary>Work at the gate: looks how near the bound is.</summary>
internal sealed class BoundGuard(ConversionSettings settings) : IGateStep
{
    public async Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken)
    {
        ConversionLayout layout = settings.Layout;
        string check = AttachSwap.CheckName(layout);
        if (
            await IsNearAsync(context, settings, cancellationToken)
            && await context.Connection.ScalarAsync(
                "SELECT true FROM pg_constraint WHERE conrelid = $1::text::regclass AND conname = $2",
                [layout.Table.ToString(), check],
                cancellationToken
            )
                is true
        )
        {
            string drop = $"ALTER TABLE {layout.Table} DROP CONSTRAINT {SqlText.Name(check)}";
            await context.Connection.ExecuteAsync(drop, [], cancellationToken);
            await context.WriteEventAsync(
                "bound-released",
                "the bound has come near, so the table does not refuse rows beyond it any more: abort and plan anew",
                cancellationToken
            );
        }
        return new BatchResult(0, 0, IsDone: true, Progress: 1);
    }

    /// <summary>Whether now, or the highest id, has come near to the bound.</summary>
    public static async Task<bool> IsNearAsync(
        StepContext context,
        ConversionSettings settings,
        CancellationToken cancellationToken
    )
    {
        PartitionScheme scheme = settings.Scheme;
        long? position = scheme.Kind.IsNumber()
            ? await ReadHighestAsync(context.Connection, settings, cancellationToken)
            : scheme.PositionOf(context.Time.GetUtcNow());
        return position is { } now && AttachBound.IsNear(scheme, settings.Bound!.Value, now);
    }

    // Where an index can say it at once; else nobody can.
    private static async Task<long?> ReadHighestAsync(
        NpgsqlConnection connection,
        ConversionSettings settings,
        CancellationToken cancellationToken
    )
    {
        ConversionLayout layout = settings.Layout;
        string key = SqlText.Name(layout.Key);
        object? isIndexed = await connection.ScalarAsync(
            """
            SELECT EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a
              ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
              WHERE i.indrelid = $1::text::regclass AND i.indisvalid AND i.indpred IS NULL AND a.attname = $2)
            """,
            [layout.Table.ToString(), layout.Key],
            cancellationToken
        );
        return
            isIndexed is true
            && await connection.ScalarAsync(
                $"SELECT {key}::bigint FROM {layout.Table} WHERE {key} IS NOT NULL ORDER BY {key} DESC LIMIT 1",
                [],
                cancellationToken
            )
                is { } highest
            ? Convert.ToInt64(highest, CultureInfo.InvariantCulture)
            : null;
    }
}
