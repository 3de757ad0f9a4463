// Reads what a plan is made from, beside the tree: the default partition's rows, ids given out, open retirements.
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>Reads <see cref="MaintenanceFacts"/>; changes nothing.</summary>
/// <param name="session">The connection.</param>
/// <param name="time">This machine's clock.</param>
/// <param name="limits">How far rows are counted.</param>
internal sealed class FactsReader(MaintenanceSession session, TimeProvider time, MaintenanceLimits limits)
{
    /// <summary>Reads them.</summary>
    public async Task<MaintenanceFacts> ReadAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        CancellationToken cancellationToken
    )
    {
        bool hasTables = await new PolicyStore(session).ExistsAsync(cancellationToken);
        List<Retirement> retirements = hasTables
            ? await new RetirementStore(session).OpenAsync(tree.Table, cancellationToken)
            : [];
        return new MaintenanceFacts
        {
            MachineNow = time.GetUtcNow(),
            HighestId = scheme.Kind.IsNumber() ? await HighestIdAsync(tree, cancellationToken) : null,
            Default = await DefaultRowsAsync(tree, scheme, cancellationToken),
            HasUnplaceable = await HasUnplaceableAsync(tree, scheme, cancellationToken),
            Retirements = retirements,
            DetachedTables = await DetachedAsync(retirements, cancellationToken),
            Mending = await new DriftReader(session).ReadAsync(tree, cancellationToken),
            Access = await new AccessDrift(session).ReadAsync(tree, cancellationToken),
            IsBeingConverted = await IsBeingConvertedAsync(tree.Table, cancellationToken),
        };
    }

    /// <summary>
    /// The rows of the default partition by range: each step looks for the lowest key above the last range.
    /// </summary>
    private async Task<IReadOnlyList<DefaultRows>> DefaultRowsAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        CancellationToken cancellationToken
    )
    {
        List<DefaultRows> found = [];
        if (tree.Default is not { IsTable: true } rest)
        {
            return found;
        }
        string column = SqlText.Name(tree.KeyColumn);
        List<PartitionRange> held = [.. tree.Ranges.Select(partition => partition.Range!.Value)];
        string from = Placeable(scheme, column);
        while (found.Count <= limits.CreateMax)
        {
            string? lowest = await session.ScalarAsync<string>(
                $"SELECT {column}::text FROM ONLY {rest.Name} WHERE {from} ORDER BY {column} LIMIT 1",
                cancellationToken
            );
            if (lowest is null || !BoundAxis.TryRead(scheme.Kind, lowest, out long position, out _))
            {
                break;
            }
            PartitionRange cell = scheme.RangeOf(position);
            foreach (PartitionRange free in Gaps.Of(cell.From, cell.To, held, scheme))
            {
                int rows = await session.ScalarAsync<int>(
                    $"""
                    SELECT count(*)::integer FROM (SELECT FROM ONLY {rest.Name}
                        WHERE {scheme.Condition(free, column)} LIMIT {limits.MoveRowsMax + 1}) AS rows
                    """,
                    cancellationToken
                );
                if (rows > 0)
                {
                    found.Add(new DefaultRows(free, rows));
                }
            }
            if (!cell.To.IsFinite || !scheme.Supports(cell.To.Position))
            {
                break;
            }
            from = $"{Placeable(scheme, column)} AND {column} >= '{scheme.Print(cell.To.Position)}'";
        }
        return found;
    }

    private async Task<bool> HasUnplaceableAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        CancellationToken cancellationToken
    ) =>
        tree.Default is { IsTable: true } rest
        && await session.ScalarAsync<bool>(
            $"SELECT EXISTS (SELECT FROM ONLY {rest.Name} WHERE ({Placeable(scheme, SqlText.Name(tree.KeyColumn))}) "
                + "IS NOT TRUE)",
            cancellationToken
        );

    private static string Placeable(PartitionScheme scheme, string column) =>
        scheme.Kind switch
        {
            PartitionKeyKind.Integer or PartitionKeyKind.BigInt => $"{column} IS NOT NULL",
            PartitionKeyKind.UuidV7 =>
                $"{column} < '{scheme.Print(scheme.PositionOfDay(new DateOnly(BoundLimits.YearMax, 1, 1)))}'",
            _ => $"isfinite({column}) AND {column} >= '0001-01-02' AND {column} < '{BoundLimits.YearMax}-01-01'",
        };

    // What the column's sequence gave out may be ahead of the rows, or behind rows that were loaded.
    private async Task<long?> HighestIdAsync(PartitionTree tree, CancellationToken cancellationToken)
    {
        string column = SqlText.Name(tree.KeyColumn);
        long? row = await NumberAsync($"SELECT max({column})::bigint FROM {tree.Table}", cancellationToken);
        string? sequence = await session.ScalarAsync<string>(
            "SELECT pg_get_serial_sequence($1, $2)",
            cancellationToken,
            tree.Table.ToString(),
            tree.KeyColumn
        );
        long? given = sequence is null
            ? null
            : await NumberAsync($"SELECT last_value FROM {sequence} WHERE is_called", cancellationToken);
        return row is null ? given
            : given is null ? row
            : Math.Max(row.Value, given.Value);
    }

    private async Task<long?> NumberAsync(string sql, CancellationToken cancellationToken) =>
        await session.ScalarAsync<object>(sql, cancellationToken) is long number ? number : null;

    private async Task<IReadOnlyList<uint>> DetachedAsync(
        List<Retirement> retirements,
        CancellationToken cancellationToken
    ) =>
        retirements.Count == 0
            ? []
            : await session.RowsAsync(
                """
                SELECT c.oid FROM pg_class c WHERE c.oid = ANY ($1::bigint[]::oid[]) AND NOT c.relispartition
                """,
                static row => row.GetFieldValue<uint>(0),
                cancellationToken,
                retirements.Select(retirement => (long)retirement.Oid).ToArray()
            );

    // The journal of conversions may not be there at all.
    private async Task<bool> IsBeingConvertedAsync(QualifiedName table, CancellationToken cancellationToken) =>
        await session.ScalarAsync<bool>("SELECT to_regclass('drover.runs') IS NOT NULL", cancellationToken)
        && await session.ScalarAsync<bool>(
            """
            SELECT EXISTS (SELECT FROM drover.runs WHERE target = $1
                AND state NOT IN ('finished', 'aborted', 'planned'))
            """,
            cancellationToken,
            table.ToString()
        );
}
