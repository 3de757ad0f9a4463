// Starts and steers a case's conversion as the command does: preflight, plan, journal, engine.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion;
using Drover.Partitioning.Preflight;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>One conversion, run by the role app.</summary>
internal sealed class CaseConversion : IAsyncDisposable
{
    private static readonly OperationLimits s_limits = new()
    {
        // Small, so that writes come between; short, so that a gate does not keep the test waiting.
        BatchRowsMax = 100,
        GateInterval = TimeSpan.FromMilliseconds(20),
        LockPauseMin = TimeSpan.FromMilliseconds(10),
        LockPauseMax = TimeSpan.FromMilliseconds(100),
        // As an operator would, beside transactions that are longer than the default: here the machine may be slow.
        LockTimeoutMax = TimeSpan.FromSeconds(3),
    };

    private readonly ServerAccess _server;
    private readonly CancellationToken _stop;
    private OperationPlan? _plan;
    private long _run;

    public CaseConversion(CaseDatabase database, CancellationToken stop)
    {
        _server = new ServerAccess(new NpgsqlConnectionStringBuilder(database.AppConnectionString));
        _stop = stop;
    }

    /// <summary>The names of the tables; known once it is planned.</summary>
    public ConversionLayout Layout => ConversionSettings.Of(_plan!).Layout;

    /// <summary>
    /// Plans, and journals the run if nothing stands in the way. The findings that do stand in the way are returned.
    /// </summary>
    public async Task<IReadOnlyList<Finding>> PlanAsync(CaseOptions options, IReadOnlyList<string> allowed)
    {
        await using NpgsqlConnection connection = await _server.OpenAsync(_stop);
        uint oid = (await TableCatalog.FindAsync(connection, options.Table, _stop))!.Value;
        TableDescription table = (await TableCatalog.ReadAsync(connection, oid, _stop))!;
        PreflightReport report = await PartitioningPreflight.CheckAsync(
            connection,
            table,
            options.Request.Preflight(table, TimeProvider.System),
            _stop
        );
        List<Finding> obstacles = [.. report.Findings.Where(finding => IsObstacle(finding, allowed))];
        if (obstacles.Count > 0)
        {
            return obstacles;
        }
        _plan = await new ConversionPlanner(TimeProvider.System).PlanAsync(
            connection,
            table,
            options.Request,
            _stop
        ) with
        {
            Findings = report.Findings,
            Allowed = allowed,
        };
        await JournalSchema.EnsureAsync(connection, _stop);
        _run = await RunJournal.CreateAsync(connection, _plan, _stop);
        return [];
    }

    private static bool IsObstacle(Finding finding, IReadOnlyList<string> allowed) =>
        finding.Severity == FindingSeverity.Refuse
        || (finding.Severity == FindingSeverity.Consent && !allowed.Contains(finding.ConsentFlag));

    /// <summary>Runs to the next gate or end.</summary>
    public async Task<RunEnd> RunAsync()
    {
        IOperation operation = new ConversionOperations().Open(PlanJson.Read(PlanJson.Write(_plan!)));
        RunnerOptions options = new() { Limits = s_limits, Throttle = ThrottleLimits.None };
        return await new Runner(_server, operation, options, TimeProvider.System).RunAsync(_run, _stop);
    }

    /// <summary>Opens a gate with a verb, and runs to the next one.</summary>
    public async Task OpenAsync(string verb, RunState state)
    {
        await AskToOpenAsync(verb);
        await RunToAsync(state);
    }

    /// <summary>Asks that a gate be opened by the next runner.</summary>
    public async Task AskToOpenAsync(string verb)
    {
        await using NpgsqlConnection connection = await _server.OpenAsync(_stop);
        await RunJournal.OpenGateAsync(connection, _run, verb, null, _stop);
    }

    /// <summary>Asks for a detour, and runs to its end.</summary>
    public async Task RequestAsync(string verb, RunState state)
    {
        await using (NpgsqlConnection connection = await _server.OpenAsync(_stop))
        {
            await RunJournal.RequestAsync(connection, _run, verb, _stop);
        }
        await RunToAsync(state);
    }

    /// <summary>Runs to a state, and fails with the run's own words if it does not get there.</summary>
    public async Task RunToAsync(RunState state)
    {
        RunEnd end = await RunAsync();
        Assert.True(
            end.State == state && end.Outcome == OperationOutcome.Done,
            $"wanted {state}, got {end.State} ({end.Outcome}): {end.Message}"
        );
    }

    /// <summary>Works at the gate until nothing is noted in the key log any more.</summary>
    public async Task TendAsync()
    {
        if (Layout.FirstPartition is not null)
        {
            return;
        }
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(_stop);
        IOperation operation = new ConversionOperations().Open(PlanJson.Read(PlanJson.Write(_plan!)));
        RunnerOptions options = new()
        {
            Limits = s_limits,
            Throttle = ThrottleLimits.None,
            WaitsAtGates = true,
        };
        await using NpgsqlConnection connection = await _server.OpenAsync(_stop);
        string pending = $"SELECT count(*) FROM {Layout.KeyLog}";
        if (await CaseScript.AskAsync(connection, pending, _stop) == "0\n")
        {
            return;
        }
        Task<RunEnd> running = new Runner(_server, operation, options, TimeProvider.System).RunAsync(
            _run,
            enough.Token
        );
        while (!running.IsCompleted && await CaseScript.AskAsync(connection, pending, _stop) != "0\n")
        {
            await Task.WhenAny(running, Task.Delay(s_limits.GateInterval, _stop));
        }
        await enough.CancelAsync();
        await running;
        Assert.Equal("0\n", await CaseScript.AskAsync(connection, pending, _stop));
    }

    /// <summary>What the journal says of the run, for a failure's message.</summary>
    public async Task<string> ReadEventsAsync()
    {
        if (_run == 0)
        {
            return "no run";
        }
        await using NpgsqlConnection connection = await _server.OpenAsync(CancellationToken.None);
        string events =
            $"SELECT kind, step, message FROM drover.events WHERE run_id = {_run} ORDER BY id DESC LIMIT 12";
        return await CaseScript.AskAsync(connection, events, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
