// Follows the maps of all sharded databases while the proxy runs, and finishes transactions that were left on them.
using Drover.Configuration;
using Drover.Operations;
using Drover.Routing;
using Drover.Sharding;
using Drover.Sharding.Coordination;
using Drover.Sharding.Declaring;
using Drover.Sharding.Transactions;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>One follower per sharded database of the configuration that the proxy was started with.</summary>
/// <param name="options">The configuration.</param>
/// <param name="states">What sessions read, by the databases' names.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class TopologyLoop(
    DroverOptions options,
    IReadOnlyDictionary<string, ShardedDatabaseState> states,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>Runs until it is cancelled; at once over where nothing is sharded.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(options.Sharded.Select(database => FollowAsync(database, cancellationToken)));

    private async Task FollowAsync(ShardedDatabaseOptions database, CancellationToken cancellationToken)
    {
        try
        {
            ShardedDatabaseState state = states[database.Name];
            await using ShardServers servers = ShardServers.Open(options, database.Name);
            await using DecisionLog decisions = new(servers.Catalog);
            state.Decisions = decisions;
            SchemaChanges schema = new(servers, state, time, logger);
            state.Schema = schema;
            state.Declarations = new TableDeclarations(servers, state, time);
            TopologyFollower follower = new(servers, state.Publish, OnTold, time, logger);
            CatalogFollower catalogs = new(servers, state, time, logger);
            await using DeadlockWatch deadlocks = new(servers, state, time, logger);
            CommitRecovery recovery = new(servers, decisions, time, logger);
            await Task.WhenAll(
                follower.RunAsync(cancellationToken),
                catalogs.RunAsync(cancellationToken),
                recovery.RunAsync(() => follower.Current, cancellationToken),
                schema.RunAsync(cancellationToken),
                deadlocks.RunAsync(cancellationToken)
            );

            // Told by another proxy: of the map, or of the schema.
            void OnTold() => _ = state.Refresh.RequestAsync(isPressing: true);
        }
        catch (OperationException wrong)
        {
            LogTopology.Lost(logger, database.Name, wrong.Message, "Nobody can use the database.");
        }
    }
}
