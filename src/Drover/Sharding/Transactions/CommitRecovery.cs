// Finishes what a crash left between PREPARE TRANSACTION and COMMIT PREPARED.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Routing.Transactions;
using Drover.Telemetry.ControlPlane;
using Drover.Topology;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.Sharding.Transactions;

/// <summary>
/// Every proxy runs it, and any can finish what another left: the decision is read, or made against the transaction, in
/// the catalog, and done on the shard. Doing it twice does no harm.
/// </summary>
internal sealed class CommitRecovery(ShardServers servers, DecisionLog decisions, TimeProvider time, ILogger logger)
{
    /// <summary>Time between two looks at the shards.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>
    /// What is prepared for longer than this was left: whoever prepared it decides within it, as a rule.
    /// </summary>
    private const string LeftAfter = "5 seconds";

    private readonly HashSet<int> _unreachable = [];
    private bool _isLost;

    /// <summary>Looks at the shards until it is cancelled.</summary>
    /// <param name="map">The map as it is now; null while there is none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<TopologySnapshot?> map, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (map() is { } current)
                {
                    await TryLookAsync(current, cancellationToken);
                }
                await Task.Delay(Period, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    /// <summary>Whatever goes wrong, it goes on: what was left would be left for ever.</summary>
    private async Task TryLookAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(map, cancellationToken);
            _isLost = false;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            if (!_isLost)
            {
                _isLost = true;
                LogCommit.NotRecovered(logger, "all", ServerFailure.Describe(failure, "the catalog"));
            }
        }
    }

    /// <summary>One look at all shards.</summary>
    public async Task LookAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        List<Guid> left = [];
        bool sawAll = true;
        foreach (Shard shard in map.Shards)
        {
            try
            {
                left.AddRange(await LookAsync(shard, cancellationToken));
                _unreachable.Remove(shard.Number);
            }
            catch (Exception failure)
                when (failure is NpgsqlException or IOException or TimeoutException or OperationException)
            {
                sawAll = false;
                if (_unreachable.Add(shard.Number))
                {
                    LogCommit.NotRecovered(logger, shard.Name, ServerFailure.Describe(failure, shard.Name));
                }
            }
        }
        if (sawAll)
        {
            await decisions.ForgetAsync([.. left], cancellationToken);
        }
    }

    private async Task<List<Guid>> LookAsync(Shard shard, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
        List<(string Name, bool IsLeft)> prepared = await server.ListAsync(
            $"""
            SELECT gid, prepared < clock_timestamp() - interval '{LeftAfter}' FROM pg_prepared_xacts
            WHERE database = current_database() AND starts_with(gid, '{PreparedName.Prefix}')
            """,
            [],
            row => (row.GetString(0), row.GetBoolean(1)),
            cancellationToken
        );
        List<Guid> left = [];
        foreach ((string name, bool isLeft) in prepared)
        {
            if (!PreparedName.TryRead(name, out Guid id, out int number) || number != shard.Number)
            {
                continue;
            }
            left.Add(id);
            if (isLeft)
            {
                await FinishAsync(server, shard, name, id, cancellationToken);
            }
        }
        return left;
    }

    private async Task FinishAsync(
        NpgsqlConnection server,
        Shard shard,
        string name,
        Guid id,
        CancellationToken cancellationToken
    )
    {
        bool commits = await decisions.ResolveAsync(id, cancellationToken);
        try
        {
            await server.ExecuteAsync($"{(commits ? "COMMIT" : "ROLLBACK")} PREPARED '{name}'", [], cancellationToken);
            LogCommit.Recovered(logger, shard.Name, name, commits ? "committed" : "rolled back");
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            // Another proxy was quicker.
        }
    }
}
