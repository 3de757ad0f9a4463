// Makes the plan of a conversion: reads the catalogs and the range of the key, changes nothing.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion.Attaching;
using Drover.Partitioning.Preflight;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>What an operator asks for.</summary>
internal sealed record ConversionRequest
{
    /// <summary>The column to partition by.</summary>
    public required string Key { get; init; }

    /// <summary>The size of a partition.</summary>
    public required PartitionInterval Interval { get; init; }

    /// <summary>The zone whose days and months are meant.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>Partitions ahead of now.</summary>
    public int Premake { get; init; } = 3;

    /// <summary>What becomes of rows outside.</summary>
    public OutsideRows Outside { get; init; }

    /// <summary>Secondary indexes only on this many of the newest partitions; null: on all.</summary>
    public int? IndexesOnNewest { get; init; }

    /// <summary><c>finish</c> leaves the old table.</summary>
    public bool KeepsOld { get; init; }

    /// <summary>How the table becomes a partitioned one.</summary>
    public ConversionStrategy Strategy { get; init; }

    /// <summary>What the batches of the copy are ranges of.</summary>
    public CopyOrder CopyBy { get; init; }

    /// <summary>The same as a question to the preflight; without a scheme where the key's type allows none.</summary>
    public PreflightRequest Preflight(TableDescription table, TimeProvider time)
    {
        PartitionScheme? scheme = null;
        if (
            table.FindColumn(Key) is { } column
            && PartitionKeyKinds.TryOfType(column.BaseType, out PartitionKeyKind? kind)
        )
        {
            PartitionScheme.TryCreate(kind.Value, Interval, Zone, out scheme, out _);
        }
        return new PreflightRequest
        {
            Key = Key,
            Scheme = scheme,
            Premake = Premake,
            RefusesRowsOutside = Outside == OutsideRows.Refuse,
            IsAttached = Strategy == ConversionStrategy.Attach,
            Time = time,
        };
    }
}

/// <summary>The planner of both strategies.</summary>
/// <param name="time">Says which partition is the current one.</param>
internal sealed class ConversionPlanner(TimeProvider time)
{
    /// <summary>The plan, without findings: the preflight adds those.</summary>
    /// <exception cref="OperationException">The table cannot be partitioned so; the message says why.</exception>
    public async Task<OperationPlan> PlanAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ConversionRequest request,
        CancellationToken cancellationToken
    )
    {
        ColumnDescription key =
            table.FindColumn(request.Key) ?? throw Refuse($"{table.Name} has no column {request.Key}");
        if (!PartitionKeyKinds.TryOfType(key.BaseType, out PartitionKeyKind? kind))
        {
            throw Refuse(
                $"{request.Key} is of type {key.Type}; a table can be partitioned by date, timestamp, "
                    + $"timestamptz, integer, bigint or uuid (version 7)"
            );
        }
        if (!PartitionScheme.TryCreate(kind.Value, request.Interval, request.Zone, out var scheme, out string? problem))
        {
            throw Refuse(problem);
        }
        ConversionLayout layout = await LayoutReader.ReadAsync(connection, table, request.Key, cancellationToken);
        (long? min, long? max) = await ReadExtentAsync(connection, table, key, kind.Value, cancellationToken);
        long current = kind.Value.IsNumber() ? max ?? 0 : scheme.PositionOf(time.GetUtcNow());
        ConversionSettings settings = new()
        {
            Layout = layout,
            KeyKind = kind.Value,
            Interval = request.Interval.ToString(),
            Zone = request.Zone,
            Premake = request.Premake,
            Outside = request.Outside,
            IndexesOnNewest = request.IndexesOnNewest,
            KeepsOld = request.KeepsOld,
            CopiesByKey = request.Strategy == ConversionStrategy.Copy && CopiesByKey(table, request.CopyBy),
            HasForeignKeys = new SwapForeignKeys(table, layout, []).ValidateRestored().Any(),
        };
        OperationPlan plan = Plan(request, table, settings, scheme, (min, max, current));
        return plan with
        {
            Strategies = await new StrategyComparison(time).CompareAsync(
                connection,
                table,
                ConversionSettings.Of(plan),
                scheme.TryCover(min, max, current, request.Premake, out var ranges, out _) ? ranges.Count : 0,
                cancellationToken
            ),
        };
    }

    // A ctid names a block and a place in it where rows lie in a heap; to another access method it may mean anything.
    private static bool CopiesByKey(TableDescription table, CopyOrder order) =>
        (order, table.IsHeap) switch
        {
            (CopyOrder.Auto, var isHeap) => !isHeap,
            (CopyOrder.Blocks, false) => throw Refuse(
                $"{table.Name} is of the access method {table.AccessMethod}, whose rows may lie in no blocks: copy it "
                    + "with --copy-by key"
            ),
            _ => order == CopyOrder.Key,
        };

    private static OperationPlan Plan(
        ConversionRequest request,
        TableDescription table,
        ConversionSettings settings,
        PartitionScheme scheme,
        (long? Min, long? Max, long Current) at
    )
    {
        (long? min, long? max, long current) = at;
        string? problem;
        if (request.Strategy == ConversionStrategy.Attach)
        {
            return AttachBound.TryChoose(scheme, max, current, request.Premake, out AttachBound? bound, out problem)
                ? Attach(table, settings, bound)
                : throw Refuse(problem);
        }
        return scheme.TryCover(min, max, current, request.Premake, out var ranges, out problem)
            ? Copy(table, settings, ranges)
            : throw Refuse(problem);
    }

    private static OperationPlan Copy(
        TableDescription table,
        ConversionSettings settings,
        IReadOnlyList<PartitionRange> ranges
    ) =>
        new()
        {
            Kind = ConversionOperation.Kind,
            Target = table.Name.ToString(),
            Strategy = ConversionOperation.CopyStrategy,
            Settings = settings.Write(),
            Steps = new ConversionSteps(settings, table).All(settings.Scheme, ranges),
            Detours = ConversionSteps.Detours(settings),
            CatalogFingerprint = CatalogFingerprint.Of(table),
            Notes = [string.Create(CultureInfo.InvariantCulture, $"{ranges.Count} partitions and a default one")],
        };

    private static OperationPlan Attach(TableDescription table, ConversionSettings settings, AttachBound bound)
    {
        if (settings.IndexesOnNewest is not null || settings.KeepsOld)
        {
            throw new OperationException(
                "the old table stays, with its indexes, as the first partition: --recent-indexes and --keep-old mean "
                    + "nothing with --strategy attach",
                OperationOutcome.Usage
            );
        }
        PartitionRange first = new(PartitionBound.MinValue, PartitionBound.At(bound.Position));
        settings = settings with
        {
            Bound = bound.Position,
            Layout = settings.Layout with
            {
                FirstPartition = PartitionName.Of(table.Name.Name, settings.Scheme, first),
            },
        };
        AttachSteps steps = new(settings, table);
        return new OperationPlan
        {
            Kind = ConversionOperation.Kind,
            Target = table.Name.ToString(),
            Strategy = AttachOperation.Strategy,
            Settings = settings.Write(),
            Steps = steps.All(bound.Later),
            Detours = steps.Detours(),
            CatalogFingerprint = CatalogFingerprint.Of(table),
            Notes =
            [
                $"the table as it is up to {settings.Scheme.Print(bound.Position)}, "
                    + string.Create(CultureInfo.InvariantCulture, $"{bound.Later.Count} partitions from there, ")
                    + "and a default one",
            ],
        };
    }

    private static async Task<(long? Min, long? Max)> ReadExtentAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ColumnDescription key,
        PartitionKeyKind kind,
        CancellationToken cancellationToken
    )
    {
        string name = SqlText.Name(key.Name);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            "SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL TimeZone = 'UTC'; SET LOCAL row_security = off",
            [],
            cancellationToken
        );
        // Keys that only the default partition takes are the preflight's matter. Not min() and max(): PostgreSQL 15 to
        // 17 have none for uuid. By the column and not by its text: 999 < 1500.
        string typed = $"{name}::{kind.SqlType()}";
        string placed = $"NOT ({kind.IsInfinite(typed)}) AND NOT ({kind.IsUnsupported(typed)})";
        string[] texts = new string[2];
        foreach ((int at, string order) in ((int, string)[])[(0, "ASC"), (1, "DESC")])
        {
            texts[at] =
                await connection.ScalarAsync(
                    $"SELECT k.{name}::text FROM {table.Name} AS k WHERE k.{name} IS NOT NULL AND {placed} "
                        + $"ORDER BY k.{name} {order} LIMIT 1",
                    [],
                    cancellationToken
                ) as string
                ?? "";
        }
        long? Read(string text) =>
            text.Length == 0 ? null
            : BoundAxis.TryRead(kind, text, out long position, out string? problem) ? position
            : throw Refuse($"{key.Name} holds a value without a place in any partition: {problem}");
        return (Read(texts[0]), Read(texts[1]));
    }

    private static OperationException Refuse(string message) => new(message, OperationOutcome.Refused);
}
