// A database with one table to convert, and the engine that converts it step by step.
using System.CommandLine;
using Drover.App.Commands;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Operations;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

/// <summary>One test's database and run.</summary>
internal sealed class ConversionStage : IAsyncDisposable
{
    private readonly List<NpgsqlConnection> _connections = [];
    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;
    private readonly ServerAccess _server;
    private ServerAccess _way;
    private OperationPlan? _plan;
    private long _run;

    private ConversionStage(LocalPostgresCluster cluster, string database)
    {
        (_cluster, _database) = (cluster, database);
        _server = new ServerAccess(
            new NpgsqlConnectionStringBuilder(cluster.ConnectionStringTo(database)) { ApplicationName = "drover" }
        );
        _way = _server;
    }

    public NpgsqlConnection Admin { get; private set; } = null!;

    /// <summary>Small batches, so that writes come between.</summary>
    public OperationLimits Limits { get; init; } =
        new()
        {
            BatchRowsMax = 100,
            GateInterval = TimeSpan.FromMilliseconds(20),
            LockPauseMin = TimeSpan.FromMilliseconds(10),
            LockPauseMax = TimeSpan.FromMilliseconds(50),
        };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ConversionStage> StartAsync(PostgresFixture postgres, int major, string sql)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Cancellation);
        ConversionStage stage = new(cluster, database);
        stage.Admin = await stage.ConnectAsync();
        await stage.ExecuteAsync(sql);
        return stage;
    }

    public async Task<NpgsqlConnection> ConnectAsync()
    {
        NpgsqlConnection connection = await _cluster.OpenAsync(_database, Cancellation);
        _connections.Add(connection);
        return connection;
    }

    public Task ExecuteAsync(string sql) => MirrorStage.Run(Admin, sql);

    public async Task<T> ScalarAsync<T>(string sql) => (T)(await MirrorStage.Scalar(Admin, sql))!;

    /// <summary>Plans the conversion of a table and journals the run.</summary>
    public async Task<OperationPlan> PlanAsync(string table, ConversionRequest request)
    {
        await using NpgsqlConnection connection = await _server.OpenAsync(Cancellation);
        await JournalSchema.EnsureAsync(connection, Cancellation);
        uint oid = (await TableCatalog.FindAsync(connection, $"public.{table}", Cancellation))!.Value;
        TableDescription description = (await TableCatalog.ReadAsync(connection, oid, Cancellation))!;
        _plan = await new ConversionPlanner(TimeProvider.System).PlanAsync(
            connection,
            description,
            request,
            Cancellation
        );
        _run = await RunJournal.CreateAsync(connection, _plan, Cancellation);
        return _plan;
    }

    public static ConversionRequest Monthly(string key = "created_at") =>
        new() { Key = key, Interval = PartitionInterval.Month };

    /// <summary>Runs to the next gate or end.</summary>
    public async Task<RunEnd> RunAsync(OperationLimits? limits = null)
    {
        RunnerOptions options = new() { Limits = limits ?? Limits, Throttle = ThrottleLimits.None };
        return await new Runner(_way, Open(), options, TimeProvider.System).RunAsync(_run, Cancellation);
    }

    /// <summary>Runs to a gate, and says why if it does not get there.</summary>
    public async Task RunToAsync(RunState state)
    {
        RunEnd end = await RunWhenFreeAsync();
        Assert.True(end.State == state && end.Outcome == OperationOutcome.Done, $"{end.State}: {end.Message}");
    }

    // The lease of a runner that was killed ends when the server has seen it go.
    private async Task<RunEnd> RunWhenFreeAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await RunAsync();
            }
            catch (OperationException taken) when (taken.Outcome == OperationOutcome.TakenOver && attempt < 300)
            {
                await Task.Delay(100, Cancellation);
            }
        }
    }

    /// <summary>Works at the gate until a query says true.</summary>
    public async Task TendUntilAsync(string sql)
    {
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        RunnerOptions options = new()
        {
            Limits = Limits,
            Throttle = ThrottleLimits.None,
            WaitsAtGates = true,
        };
        Task<RunEnd> running = new Runner(_server, Open(), options, TimeProvider.System).RunAsync(_run, enough.Token);
        while (!running.IsCompleted && !await ScalarAsync<bool>(sql))
        {
            await Task.WhenAny(running, Task.Delay(Limits.GateInterval, Cancellation));
        }
        await enough.CancelAsync();
        try
        {
            RunEnd end = await running;
            Assert.True(end.Outcome is OperationOutcome.Interrupted, end.Message);
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            // It had not begun: the query was true from the beginning.
        }
    }

    /// <summary>Runs until a step has done its work, and dies before it is committed.</summary>
    public async Task RunKilledAtAsync(string step)
    {
        using CancellationTokenSource dying = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        KilledOperation operation = new(
            Open(),
            step,
            async () =>
            {
                await EndSessionsAsync();
                await dying.CancelAsync();
            }
        );
        RunnerOptions options = new() { Limits = Limits, Throttle = ThrottleLimits.None };
        RunEnd end = await new Runner(_server, operation, options, TimeProvider.System).RunAsync(_run, dying.Token);
        Assert.True(end.Outcome == OperationOutcome.Interrupted, $"not killed at {step}: {end.Message}");
        // Its pulse may have taken the lease again before it died.
        await EndSessionsAsync();
    }

    private Task EndSessionsAsync() =>
        ExecuteAsync(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                + "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'drover%'"
        );

    /// <summary>What status warns of.</summary>
    public Task<IReadOnlyList<string>> WarnAsync() => Open().WarnAsync(Admin, Cancellation);

    private IOperation Open() => new ConversionOperations().Open(PlanJson.Read(PlanJson.Write(_plan!)));

    /// <summary>Opens a gate.</summary>
    public async Task OpenAsync(string verb)
    {
        await using NpgsqlConnection connection = await _server.OpenAsync(Cancellation);
        await RunJournal.OpenGateAsync(connection, _run, verb, null, Cancellation);
    }

    /// <summary>Asks for a detour.</summary>
    public async Task RequestAsync(string verb)
    {
        await using NpgsqlConnection connection = await _server.OpenAsync(Cancellation);
        await RunJournal.RequestAsync(connection, _run, verb, Cancellation);
    }

    /// <summary>From now on the run reaches the server over a wire that breaks at a COMMIT.</summary>
    public CommitCutter Cut(int commit)
    {
        CommitCutter cutter = new(_cluster.Port, commit);
        _way = new ServerAccess(
            new NpgsqlConnectionStringBuilder(_cluster.ConnectionStringTo(_database)) { Port = cutter.Port }
        );
        return cutter;
    }

    /// <summary>Runs a verb of the command line, which must succeed.</summary>
    public async Task CommandAsync(params string[] arguments)
    {
        string server =
            $"postgres://{LocalPostgresCluster.Superuser}@{LocalPostgresCluster.Host}:{_cluster.Port}/{_database}";
        StringWriter said = new();
        int exitCode = await new RootCommand { PartitionCommand.Create() }
            .Parse([.. arguments, "--database", server])
            .InvokeAsync(new InvocationConfiguration { Output = said, Error = said }, Cancellation);
        Assert.True(exitCode == 0, said.ToString());
    }

    /// <summary>Rows of one table that the other does not have, both ways.</summary>
    public Task<long> CountDifferencesAsync(string one, string other) =>
        ScalarAsync<long>(
            $"""
            SELECT (SELECT count(*) FROM (SELECT a::text FROM {one} AS a EXCEPT ALL SELECT b::text FROM {other} AS
              b) AS x)
                 + (SELECT count(*) FROM (SELECT b::text FROM {other} AS b EXCEPT ALL SELECT a::text FROM {one} AS
                   a) AS y)
            """
        );

    public async ValueTask DisposeAsync()
    {
        foreach (NpgsqlConnection connection in _connections)
        {
            await connection.DisposeAsync();
        }
        await _way.DisposeAsync();
        await _server.DisposeAsync();
    }
}
