// Follows the maps of all sharded databases while the proxy runs.
using Drover.Configuration;
using Drover.Operations;
using Drover.Sharding;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>One follower per sharded database of the configuration that the proxy was started with.</summary>
internal sealed class TopologyLoop(DroverOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Runs until it is cancelled; at once over where nothing is sharded.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(options.Sharded.Select(database => FollowAsync(database, cancellationToken)));

    private async Task FollowAsync(ShardedDatabaseOptions database, CancellationToken cancellationToken)
    {
        try
        {
            await using ShardServers servers = ShardServers.Open(options, database.Name);
            await new TopologyFollower(servers, time, logger).RunAsync(cancellationToken);
        }
        catch (OperationException wrong)
        {
            LogTopology.Lost(logger, database.Name, wrong.Message, "Nobody can use the database.");
        }
    }
}
