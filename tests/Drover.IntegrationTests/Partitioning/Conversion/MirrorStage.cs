// Two tables with the mirror between them, and connections that tests play writers with.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion;
using Drover.Partitioning.Conversion.Copying;
using Drover.Partitioning.Conversion.Verification;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

/// <summary>
/// Table <c>item</c> with rows 1 to 4, its empty partitioned target, and the mirror. <see cref="Admin"/> does what a
/// runner would do.
/// </summary>
internal sealed class MirrorStage : IAsyncDisposable
{
    private readonly List<NpgsqlConnection> _connections = [];
    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;

    private MirrorStage(LocalPostgresCluster cluster, string database, ConversionLayout layout)
    {
        (_cluster, _database, Layout) = (cluster, database, layout);
        Mirror = new Mirror(layout);
        Sweep = new KeyLogSweep(layout, layout.Table, layout.NewTable);
        Verification = new RangeVerification(layout, layout.Table, layout.NewTable);
    }

    public ConversionLayout Layout { get; }
    public Mirror Mirror { get; }
    public KeyLogSweep Sweep { get; }
    public RangeVerification Verification { get; }
    public NpgsqlConnection Admin { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="postgres">The shared clusters.</param>
    /// <param name="major">The version.</param>
    /// <param name="unique">A further unique column on both tables.</param>
    public static async Task<MirrorStage> StartAsync(PostgresFixture postgres, int major, bool unique = false)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Cancellation);
        ConversionLayout layout = new()
        {
            Table = new QualifiedName("public", "item"),
            Oid = 4711,
            Owner = LocalPostgresCluster.Superuser,
            Columns =
            [
                Column("id", "bigint", isNullable: false),
                Column("day", "date", isNullable: false),
                Column("note", "text"),
                Column("price", "numeric"),
            ],
            Identity = ["id"],
            Key = "day",
            UniqueColumns = unique ? ["id", "note"] : ["id"],
        };
        MirrorStage stage = new(cluster, database, layout);
        stage.Admin = await stage.ConnectAsync();
        await Run(
            stage.Admin,
            """
            CREATE SCHEMA drover;
            CREATE TABLE item (id bigint PRIMARY KEY, day date NOT NULL, note text, price numeric);
            CREATE TABLE item__drover_new (id bigint, day date NOT NULL, note text, price numeric, PRIMARY KEY (id,
              day))
              PARTITION BY RANGE (day);
            CREATE TABLE item_p2024 PARTITION OF item__drover_new FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
            CREATE TABLE item_p2025 PARTITION OF item__drover_new FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
            CREATE TABLE item_default PARTITION OF item__drover_new DEFAULT;
            INSERT INTO item SELECT i, '2024-06-01', 'note ' || i, i FROM generate_series(1, 4) AS i;
            """
        );
        if (unique)
        {
            await Run(
                stage.Admin,
                "CREATE UNIQUE INDEX ON item (note); CREATE UNIQUE INDEX ON item__drover_new (note, day)"
            );
        }
        await stage.BeginMirrorAsync();
        return stage;
    }

    private static ConversionColumn Column(string name, string type, bool isNullable = true) =>
        new()
        {
            Name = name,
            Type = type,
            BaseType = type,
            IsNullable = isNullable,
        };

    private async Task BeginMirrorAsync()
    {
        foreach (string statement in new KeyLog(Layout).Create())
        {
            await Run(Admin, statement);
        }
        await MirrorAsync(MirrorMode.Copying);
        foreach (string statement in Mirror.Triggers(Layout.Table))
        {
            await Run(Admin, statement);
        }
    }

    public async Task MirrorAsync(MirrorMode mode)
    {
        foreach (string statement in Mirror.Functions(Layout.NewTable, mode))
        {
            await Run(Admin, statement);
        }
    }

    public async Task<NpgsqlConnection> ConnectAsync()
    {
        NpgsqlConnection connection = await _cluster.OpenAsync(_database, Cancellation);
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Copies everything, in one batch.</summary>
    public async Task CopyAsync(NpgsqlConnection? connection = null)
    {
        connection ??= Admin;
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Cancellation);
        CopyBatch batch = await new BlockCopy(Layout).RunAsync(connection, null, 1 << 20, 1 << 20, Cancellation);
        Assert.True(batch.Cursor.IsDone);
        await transaction.CommitAsync(Cancellation);
    }

    public async Task<SweepResult> SweepAsync()
    {
        await using NpgsqlTransaction transaction = await Admin.BeginTransactionAsync(Cancellation);
        SweepResult result = await Sweep.RunAsync(Admin, 0, 1000, Cancellation);
        await transaction.CommitAsync(Cancellation);
        return result;
    }

    /// <summary>Identities in the key log, with commas between.</summary>
    public async Task<string> NotedAsync() =>
        (string)(await Scalar(Admin, $"SELECT coalesce(string_agg(DISTINCT k1::text, ','), '') FROM {Layout.KeyLog}"))!;

    /// <summary>What differs between the tables, read without any of the code under test.</summary>
    public async Task<string> DifferenceAsync() =>
        (string)
            (
                await Scalar(
                    Admin,
                    """
                    SELECT coalesce(string_agg(d, ' ' ORDER BY d), '') FROM (
                      SELECT '-' || d AS d FROM (SELECT i::text FROM item AS i EXCEPT ALL SELECT n::text FROM
                        item__drover_new AS n) AS x(d)
                      UNION ALL
                      SELECT '+' || d FROM (SELECT n::text FROM item__drover_new AS n EXCEPT ALL SELECT i::text
                        FROM item AS i) AS x(d)) AS y
                    """
                )
            )!;

    /// <summary>After a sweep or two nothing is noted and nothing differs.</summary>
    public async Task AssertConvergesAsync()
    {
        for (int sweep = 0; sweep < 3; sweep++)
        {
            await SweepAsync();
        }
        Assert.Equal("", await NotedAsync());
        Assert.Equal("", await DifferenceAsync());
    }

    /// <summary>Waits until the connection waits for a lock.</summary>
    public async Task WaitsForLockAsync(NpgsqlConnection connection, NpgsqlConnection? watcher = null)
    {
        string sql = $"SELECT EXISTS (SELECT FROM pg_locks WHERE pid = {connection.ProcessID} AND NOT granted)";
        long start = TimeProvider.System.GetTimestamp();
        while (!(bool)(await Scalar(watcher ?? Admin, sql))!)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start).TotalSeconds < 60, "nobody waits");
            await Task.Delay(5, Cancellation);
        }
    }

    /// <summary>A row that only the target has, and which is noted.</summary>
    public async Task GhostAsync(long id, string note)
    {
        await Run(Admin, $"INSERT INTO item__drover_new VALUES ({id}, '2024-06-01', '{note}')");
        await NoteAsync(id);
    }

    public Task NoteAsync(long id) => Run(Admin, $"INSERT INTO {Layout.KeyLog} (k1) VALUES ({id})");

    /// <summary>Commits once the writer waits for what the transaction holds.</summary>
    public async Task CommitAfterWaitAsync(NpgsqlConnection writer, NpgsqlTransaction transaction)
    {
        NpgsqlConnection watcher = await ConnectAsync();
        await WaitsForLockAsync(writer, watcher);
        await transaction.CommitAsync(Cancellation);
    }

    public static async Task<int> Run(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteNonQueryAsync(Cancellation);
    }

    public static async Task<object?> Scalar(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlConnection connection in _connections)
        {
            await connection.DisposeAsync();
        }
    }
}
