// A database with the toy's table, runners on it, and what must be true in the end.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.IntegrationTests.Operations;

/// <summary>One database with one journaled run of the toy.</summary>
internal sealed class ToyStage : IAsyncDisposable
{
    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;

    private ToyStage(LocalPostgresCluster cluster, string database)
    {
        _cluster = cluster;
        _database = database;
        Server = new ServerAccess(new NpgsqlConnectionStringBuilder(ConnectionString));
    }

    /// <summary>Short waits, so that a test need not wait long; none is a condition of being right.</summary>
    public static OperationLimits Limits { get; } =
        new()
        {
            GateInterval = TimeSpan.FromMilliseconds(20),
            LockTimeout = TimeSpan.FromMilliseconds(200),
            LockTimeoutMax = TimeSpan.FromMilliseconds(200),
            LockPauseMin = TimeSpan.FromMilliseconds(10),
            LockPauseMax = TimeSpan.FromMilliseconds(100),
            PulseInterval = TimeSpan.FromMilliseconds(50),
        };

    public string ConnectionString => $"{_cluster.ConnectionStringTo(_database)};Application Name=drover";

    public ServerAccess Server { get; private set; }

    public long RunId { get; private set; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<ToyStage> CreateAsync(PostgresFixture fixture, int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        return await CreateAsync(cluster, database);
    }

    public static async Task<ToyStage> CreateAsync(LocalPostgresCluster cluster, string database)
    {
        ToyStage stage = new(cluster, database);
        await stage.ExecuteAsync(ToyOperation.Setup);
        await using NpgsqlConnection connection = await stage.Server.OpenAsync(Token);
        await JournalSchema.EnsureAsync(connection, Token);
        stage.RunId = await RunJournal.CreateAsync(connection, ToyOperation.MakePlan(), Token);
        return stage;
    }

    /// <summary>A runner in this process.</summary>
    public Runner Runner(
        Func<string, CancellationToken, Task>? at = null,
        OperationLimits? limits = null,
        ServerAccess? server = null,
        bool waitsAtGates = false,
        ThrottleLimits? throttle = null
    ) =>
        new(
            server ?? Server,
            new ToyOperation(ToyOperation.MakePlan(), at ?? ((_, _) => Task.CompletedTask)),
            new RunnerOptions
            {
                Throttle = throttle ?? ThrottleLimits.None,
                Limits = limits ?? Limits,
                WaitsAtGates = waitsAtGates,
            },
            TimeProvider.System
        );

    /// <summary>Runs until a gate or an end.</summary>
    public Task<RunEnd> RunAsync(Func<string, CancellationToken, Task>? at = null) => Runner(at).RunAsync(RunId, Token);

    /// <summary>Opens a gate and runs on.</summary>
    public async Task<RunEnd> OpenAsync(string verb)
    {
        await using NpgsqlConnection connection = await Server.OpenAsync(Token);
        await RunJournal.OpenGateAsync(connection, RunId, verb, null, Token);
        return await RunAsync();
    }

    /// <summary>Asks for a verb and runs on.</summary>
    public async Task<RunEnd> RequestAsync(string verb)
    {
        await using NpgsqlConnection connection = await Server.OpenAsync(Token);
        await RunJournal.RequestAsync(connection, RunId, verb, Token);
        return await RunAsync();
    }

    public async Task<RunRow> ReadAsync()
    {
        await using NpgsqlConnection connection = await Server.OpenAsync(Token);
        return await RunJournal.ReadAsync(connection, RunId, Token);
    }

    public async Task<List<EventRow>> EventsAsync()
    {
        await using NpgsqlConnection connection = await Server.OpenAsync(Token);
        return await RunJournal.ReadEventsAsync(connection, RunId, 0, Token);
    }

    public Task ExecuteAsync(string sql) => _cluster.ExecuteAsync(sql, Token, _database);

    public Task<string?> QueryAsync(string sql) => _cluster.QueryAsync(sql, Token, _database);

    /// <summary>An application's session, to hold locks.</summary>
    public Task<NpgsqlConnection> OpenAsync() => _cluster.OpenAsync(_database, Token);

    /// <summary>Ends sessions of Drover, but for the one that asks.</summary>
    public Task TerminateAsync(string which = "true") =>
        ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                + $"AND application_name = 'drover' AND pid <> pg_backend_pid() AND {which}"
        );

    /// <summary>The copy holds every row once, and no transaction's work was done twice.</summary>
    public async Task AssertCopiedOnceAsync(string copy = "toy_copy")
    {
        Assert.Equal(
            "1000 1000",
            await QueryAsync($"SELECT count(*) || ' ' || count(DISTINCT (id, v)) FROM public.{copy}")
        );
        Assert.Null(
            await QueryAsync(
                "SELECT string_agg(what, ', ') "
                    + "FROM (SELECT what FROM public.toy_tally GROUP BY 1 HAVING count(*) > 1) t"
            )
        );
        Assert.Equal("11", await QueryAsync("SELECT count(*) FROM public.toy_tally WHERE what ~ '^(create|copy)'"));
        Assert.Equal(
            "true",
            await QueryAsync("SELECT indisvalid FROM pg_index WHERE indexrelid = 'public.toy_copy_v'::regclass") is "t"
                ? "true"
                : "false"
        );
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
