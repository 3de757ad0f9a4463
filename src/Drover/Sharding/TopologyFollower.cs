// Keeps a proxy's map up to date: told of a change at once, and asking now and then in case it was not told.
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.Sharding;

/// <summary>
/// One sharded database's map. Without the catalog it goes on with what it has, and says so; the first map has to come
/// from the catalog.
/// </summary>
internal sealed class TopologyFollower(
    ShardServers servers,
    Action<TopologySnapshot> publish,
    Action onTold,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>Longest time that a change stays unseen when its notification was lost.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    // A connection that failed is tried again this soon: a catalog that is back is used within a second.
    private static readonly TimeSpan s_retry = TimeSpan.FromMilliseconds(500);

    private volatile TopologySnapshot? _current;
    private bool _isLost;

    /// <summary>The map; null before the first one.</summary>
    public TopologySnapshot? Current => _current;

    /// <summary>Follows until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        FollowerLoop.RunAsync(FollowAsync, Lose, s_retry, time, cancellationToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        await CatalogSchema.CheckAsync(catalog, servers.Database.Name, cancellationToken);
        // Before the first read, so that no change falls between the two.
        await catalog.ExecuteAsync($"LISTEN {CatalogSchema.Channel}", [], cancellationToken);
        while (true)
        {
            if (await TopologyReader.EpochAsync(catalog, cancellationToken) != (_current?.Epoch ?? -1))
            {
                Publish(await TopologyReader.ReadAsync(catalog, cancellationToken));
            }
            if (_isLost)
            {
                _isLost = false;
                LogTopology.Found(logger, servers.Database.Name);
            }
            TopologyReadings.Set(servers.Database.Name, new TopologyReading(_current!.Epoch, IsFollowed: true));
            if (await catalog.WaitAsync(Period, cancellationToken))
            {
                onTold();
            }
        }
    }

    private void Publish(TopologySnapshot snapshot)
    {
        _current = snapshot;
        publish(snapshot);
        LogTopology.Changed(
            logger,
            servers.Database.Name,
            snapshot.Epoch,
            snapshot.Shards.Length,
            snapshot.Tables.Count,
            snapshot.ReferenceTables.Count
        );
    }

    private void Lose(Exception failure)
    {
        TopologyReadings.Set(servers.Database.Name, new TopologyReading(_current?.Epoch ?? 0, IsFollowed: false));
        if (_isLost)
        {
            return;
        }
        _isLost = true;
        string reason = ServerFailure.Describe(failure, "the catalog");
        string consequence = _current is null
            ? "Nobody can use the database until it is."
            : $"The map of epoch {_current.Epoch} holds until it is.";
        LogTopology.Lost(logger, servers.Database.Name, reason, consequence);
    }
}
