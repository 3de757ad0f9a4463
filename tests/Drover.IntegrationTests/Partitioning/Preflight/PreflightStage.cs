// A table that nothing is wrong with, to which a test adds one thing.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Preflight;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Preflight;

internal static class PreflightStage
{
    /// <summary>Its primary key contains the partition key, so it needs no consent.</summary>
    public const string Clean = """
        CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL, note text, total numeric);
        ALTER TABLE orders ADD PRIMARY KEY (id, created_at);
        INSERT INTO orders SELECT i, '2026-01-01'::timestamptz + i * interval '1 day', 'n', i
            FROM generate_series(1, 100) i;
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''x''; RETURN NEW; END';
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static PreflightRequest Request(
        PartitionKeyKind kind = PartitionKeyKind.TimestampTz,
        PartitionInterval? interval = null
    ) =>
        new()
        {
            Key = "created_at",
            Scheme = PartitionScheme.Of(kind, interval ?? PartitionInterval.Month),
            Time = new FakeTimeProvider(new DateTimeOffset(2026, 6, 15, 0, 0, 0, TimeSpan.Zero)),
        };

    /// <summary>A database with the clean table, in which <paramref name="sql"/> has run.</summary>
    public static async Task<TableStage> StartAsync(PostgresFixture postgres, int major, string sql)
    {
        TableStage stage = await TableStage.StartAsync(postgres, major, Clean);
        await stage.RunAsync(sql);
        return stage;
    }

    /// <summary>The preflight's findings on table orders.</summary>
    public static async Task<IReadOnlyList<Finding>> CheckAsync(
        this TableStage stage,
        PreflightRequest? request = null,
        NpgsqlConnection? connection = null,
        string name = "orders"
    )
    {
        TableDescription table = await stage.DescribeAsync(name);
        PreflightReport report = await PartitioningPreflight.CheckAsync(
            connection ?? stage.Connection,
            table,
            request ?? Request(),
            Token
        );
        return report.Findings;
    }
}
