// A database with a partitioned table, and the verbs of drover partition run on it in this process.
using System.CommandLine;
using System.Text.Json;
using Drover.App.Commands;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Maintenance;

/// <summary>What a verb wrote and how it ended.</summary>
internal sealed record VerbResult(int ExitCode, string Output, string Error)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}

/// <summary>One database of its own on the shared cluster.</summary>
internal sealed class MaintenanceStage
{
    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;

    private MaintenanceStage(LocalPostgresCluster cluster, string database)
    {
        _cluster = cluster;
        _database = database;
    }

    public string ConnectionString => $"postgres://{User}@{LocalPostgresCluster.Host}:{_cluster.Port}/{_database}";

    /// <summary>Who runs the verbs.</summary>
    public string User { get; set; } = LocalPostgresCluster.Superuser;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<MaintenanceStage> StartAsync(PostgresFixture fixture, int major, string sql = "")
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        MaintenanceStage stage = new(cluster, database);
        await stage.ExecuteAsync(sql);
        return stage;
    }

    /// <summary>
    /// orders by month with a primary key and one index, and a partition for each offset from this month.
    /// </summary>
    public static Task<MaintenanceStage> WithOrdersAsync(PostgresFixture fixture, int major, params int[] months) =>
        StartAsync(fixture, major, Orders(months));

    /// <summary>The same as SQL.</summary>
    public static string Orders(params int[] months) =>
        """
            CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, created_at timestamptz NOT NULL, status text,
                amount numeric(10,2), doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
                PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
            CREATE INDEX orders_status_idx ON orders (status);
            """ + string.Concat(months.Select(Partition));

    /// <summary>The first of the month so far from this one, in UTC, as SQL and in names.</summary>
    public static DateTime Month(int offset)
    {
        DateTime today = TimeProvider.System.GetUtcNow().UtcDateTime.Date;
        return today.AddDays(1 - today.Day).AddMonths(offset);
    }

    public static string Name(int offset) => $"orders_p{Month(offset):yyyy_MM}";

    public static string Day(int offset, int day = 10) => $"{Month(offset).AddDays(day - 1):yyyy-MM-dd} 12:00:00+00";

    public async Task ExecuteAsync(string sql)
    {
        if (sql.Length > 0)
        {
            await _cluster.ExecuteAsync(sql, Token, _database);
        }
    }

    public Task<string?> QueryAsync(string sql) => _cluster.QueryAsync(sql, Token, _database);

    public Task<NpgsqlConnection> OpenAsync() => _cluster.OpenAsync(_database, Token);

    /// <summary>Names of the partitions, in order, with spaces between.</summary>
    public Task<string?> PartitionsAsync(string table = "orders") =>
        QueryAsync(
            $"SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text) FROM pg_inherits "
                + $"WHERE inhparent = '{table}'::regclass"
        );

    public async Task<VerbResult> RunAsync(params string[] arguments)
    {
        StringWriter output = new();
        StringWriter error = new();
        int exitCode = await new RootCommand { PartitionCommand.Create() }
            .Parse(["partition", .. arguments, "--database", ConnectionString])
            .InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, Token);
        return new VerbResult(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a verb that must succeed.</summary>
    public async Task<string> DoAsync(params string[] arguments)
    {
        VerbResult result = await RunAsync(arguments);
        Assert.True(result.ExitCode == 0, result.ToString());
        return result.Output;
    }

    /// <summary>The actions of a run, from its JSON.</summary>
    public async Task<string[]> PlanAsync(params string[] arguments)
    {
        VerbResult result = await RunAsync(["maintain", .. arguments, "--dry-run", "--json"]);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        return
        [
            .. json
                .RootElement.GetProperty("tables")[0]
                .GetProperty("actions")
                .EnumerateArray()
                .Select(action =>
                    $"{action.GetProperty("action").GetString()} {action.GetProperty("subject").GetString()}"
                ),
        ];
    }

    private static string Partition(int offset) =>
        $"CREATE TABLE {Name(offset)} PARTITION OF orders FOR VALUES FROM ('{Month(offset):yyyy-MM-dd} 00:00+00') "
        + $"TO ('{Month(offset + 1):yyyy-MM-dd} 00:00+00');\n";
}
