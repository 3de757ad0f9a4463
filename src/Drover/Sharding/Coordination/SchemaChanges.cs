// Keeps the coordinator in step with the shards while the proxy runs, and tells everybody of a change of the schema.
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Routing.Catalogs;
using Drover.Routing.Schemas;
using Drover.Sharding.Catalog;
using Drover.Sharding.Declaring;
using Drover.Sql.Statements;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.Sharding.Coordination;

/// <summary>
/// The coordinator counts the changes that it was told of, and notes which it has made; where the two differ, it is
/// behind, whoever asks. Each proxy looks when a query needs the coordinator, when a change is over, and now and then.
/// </summary>
internal sealed class SchemaChanges(ShardServers servers, ShardedDatabaseState state, TimeProvider time, ILogger logger)
    : ISchemaChanges
{
    /// <summary>Longest time that a client waits for the coordinator to catch up.</summary>
    public static readonly TimeSpan CatchUpMax = TimeSpan.FromSeconds(30);

    /// <summary>How often it is made for one look, while changes go on coming.</summary>
    private const int SyncsMax = 5;

    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly CoordinatorSchema _schema = new(servers);
    private readonly DroppedTables _dropped = new(servers, state, time);
    private readonly LookRequests _looks = new(time, CatchUpMax);
    private readonly Lock _lock = new();
    private Task _settling = Task.CompletedTask;
    private volatile RouteRefusal? _behind = Refusals.CoordinatorBehind("It has not been looked at yet.");
    private volatile bool _isUntold;
    private bool _isLost;

    /// <summary>Follows until it is cancelled; at once over where there is no coordinator.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        servers.HasCoordinator
            ? FollowerLoop.RunAsync(FollowAsync, Lose, s_pause, time, cancellationToken)
            : Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<RouteRefusal?> AnnounceAsync() => servers.HasCoordinator ? await CountAsync() : null;

    /// <inheritdoc/>
    public Task SettleAsync()
    {
        Task settling = Task.WhenAll(CountAgainAsync(), TellAsync(), KnowAsync());
        lock (_lock)
        {
            // What catches up from now on does so after this.
            _settling = Task.WhenAll(_settling, settling);
        }
        _ = _looks.RequestAsync();
        return settling;
    }

    /// <inheritdoc/>
    public bool IsSettling => !SettledAsync().IsCompleted;

    /// <inheritdoc/>
    public Task SettledAsync()
    {
        lock (_lock)
        {
            return _settling;
        }
    }

    /// <inheritdoc/>
    public async Task<RouteRefusal?> CatchUpAsync()
    {
        await SettledAsync().ConfigureAwait(false);
        return await _looks.RequestAsync().ConfigureAwait(false)
            ? _behind
            : Refusals.CoordinatorBehind("It did not answer in time.");
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection coordinator = await servers.OpenCoordinatorAsync(cancellationToken);
        while (true)
        {
            TaskCompletionSource look = _looks.Begin();
            try
            {
                using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                late.CancelAfter(CatchUpMax * 2);
                _behind = await LookAsync(coordinator, late.Token);
            }
            catch (Exception failure)
            {
                _behind = Refusals.CoordinatorBehind(Reason(failure));
                throw;
            }
            finally
            {
                look.SetResult();
            }
            await _looks.WaitAsync(TimeSpan.Zero, s_period, cancellationToken);
        }
    }

    private async Task<RouteRefusal?> LookAsync(NpgsqlConnection coordinator, CancellationToken cancellationToken)
    {
        if (state.Map is not { } map)
        {
            return Refusals.CoordinatorBehind("The map is not known yet.");
        }
        if (_isUntold)
        {
            await CoordinatorStep.CountAsync(coordinator, cancellationToken);
            _isUntold = false;
        }
        // A change is counted twice, before it runs and when it is over: the second may come while the first is made.
        for (int i = 0; !await CoordinatorStep.IsAtAsync(coordinator, map.Epoch, cancellationToken); i++)
        {
            if (i == SyncsMax)
            {
                return Refusals.CoordinatorBehind("The schema or the map is being changed at this moment.");
            }
            map = state.Map ?? map;
            await SyncAsync(cancellationToken);
        }
        if (_isLost)
        {
            _isLost = false;
            LogCoordinator.Found(logger, servers.Database.Name);
        }
        return null;
    }

    private async Task SyncAsync(CancellationToken cancellationToken)
    {
        CoordinatorReport report = await _schema.SyncAsync(isForced: false, cancellationToken);
        LogCoordinator.Made(logger, servers.Database.Name, report.Statements, report.IsUnchanged);
        foreach (string problem in report.Problems)
        {
            LogCoordinator.NotMade(logger, servers.Database.Name, problem);
        }
    }

    /// <summary>Reads the catalogs again, and takes out of the map what is dropped.</summary>
    private async Task KnowAsync()
    {
        ICatalogFacts before = state.Facts;
        await state.Refresh.RequestAsync(isPressing: true);
        try
        {
            using CancellationTokenSource late = new(s_limit, time);
            foreach (string name in await _dropped.ForgetAsync(before, late.Token))
            {
                LogCoordinator.Dropped(logger, servers.Database.Name, name);
            }
        }
        catch (Exception failure)
        {
            LogCoordinator.NotTold(logger, servers.Database.Name, Reason(failure));
        }
    }

    /// <summary>What could not be counted now is counted before the next look.</summary>
    private async Task CountAgainAsync() => _isUntold |= await AnnounceAsync() is not null;

    private async Task<RouteRefusal?> CountAsync()
    {
        try
        {
            using CancellationTokenSource late = new(s_limit, time);
            await using NpgsqlConnection coordinator = await servers.OpenCoordinatorAsync(late.Token);
            await CoordinatorStep.CountAsync(coordinator, late.Token);
            return null;
        }
        catch (Exception failure)
        {
            return Refusals.CoordinatorNotTold(Reason(failure));
        }
    }

    /// <summary>Tells the proxies; one that is not told looks a few seconds later.</summary>
    private async Task TellAsync()
    {
        try
        {
            using CancellationTokenSource late = new(s_limit, time);
            await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(late.Token);
            await catalog.ExecuteAsync($"NOTIFY {CatalogSchema.Channel}", [], late.Token);
        }
        catch (Exception failure)
        {
            LogCoordinator.NotTold(logger, servers.Database.Name, Reason(failure));
        }
    }

    private void Lose(Exception failure)
    {
        string reason = Reason(failure);
        _behind = Refusals.CoordinatorBehind(reason);
        // Whoever waits is told now, and not when it is there again.
        _looks.Begin().SetResult();
        if (!_isLost)
        {
            _isLost = true;
            LogCoordinator.Lost(logger, servers.Database.Name, reason);
        }
    }

    private static string Reason(Exception failure) => ServerFailure.Describe(failure, "the coordinator");
}
