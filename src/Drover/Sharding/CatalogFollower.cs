// Keeps what routing knows of the shards' catalogs up to date.
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Sharding.Catalog;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging;

namespace Drover.Sharding;

/// <summary>
/// Looks every <see cref="Period"/>, and when a statement names something unknown; reads only what has changed. Without
/// the server it goes on with what it has.
/// </summary>
internal sealed class CatalogFollower(
    ShardServers servers,
    ShardedDatabaseState state,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>Longest time that a change from elsewhere stays unseen while nobody asks.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    // A statement with a name that there is not costs the server this much at the most.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private bool _isLost;
    private string? _missing;

    /// <summary>Follows until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        FollowerLoop.RunAsync(FollowAsync, Lose, s_pause, time, cancellationToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (state.Map?.Home is not { } home)
        {
            return;
        }
        await using CatalogLook look = new(servers, state.Parser, time);
        while (state.Map is { } map && map.Home == home)
        {
            await LookAsync(look, map, cancellationToken);
            await state.Refresh.WaitAsync(s_pause, Period, cancellationToken);
        }
    }

    private async Task LookAsync(CatalogLook at, TopologySnapshot map, CancellationToken cancellationToken)
    {
        TaskCompletionSource look = state.Refresh.Begin();
        try
        {
            if (await at.LookAsync(map, cancellationToken) is { } facts)
            {
                state.Publish(facts);
                // What was changed behind the proxies' backs; whoever cannot be told of it is told at the next look.
                if (state.Schema is { } schema && await schema.AnnounceAsync() is not null)
                {
                    at.Doubt();
                }
            }
            if (_isLost)
            {
                _isLost = false;
                LogTopology.FactsFound(logger, servers.Database.Name);
            }
            Tell(at.Failure);
        }
        finally
        {
            look.SetResult();
        }
    }

    /// <summary>Says once that a shard's schemas are not read, and once that they are again.</summary>
    private void Tell((Shard Shard, Exception Failure)? missing)
    {
        if (missing?.Shard.Name == _missing)
        {
            return;
        }
        _missing = missing?.Shard.Name;
        if (missing is { } one)
        {
            string reason = ServerFailure.Describe(one.Failure, $"shard {one.Shard.Name}");
            LogTopology.SchemasLost(logger, servers.Database.Name, one.Shard.Name, reason);
        }
        else
        {
            LogTopology.SchemasFound(logger, servers.Database.Name);
        }
    }

    private void Lose(Exception failure)
    {
        if (_isLost)
        {
            return;
        }
        _isLost = true;
        string reason = ServerFailure.Describe(failure, "the first shard");
        LogTopology.FactsLost(logger, servers.Database.Name, reason);
    }
}
