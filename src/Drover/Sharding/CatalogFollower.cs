// Keeps what routing knows of the first shard's catalogs up to date.
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Routing.Catalogs;
using Drover.Sharding.Catalog;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;
using Npgsql;

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

    private string? _fingerprint;
    private bool _isLost;

    /// <summary>Follows until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        FollowerLoop.RunAsync(FollowAsync, Lose, s_pause, time, cancellationToken);

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (state.Map?.Home is not { } home)
        {
            return;
        }
        await using NpgsqlConnection server = await servers.OpenAsync(home, cancellationToken);
        await server.ExecuteAsync("SET search_path = pg_catalog", [], cancellationToken);
        while (state.Map?.Home == home)
        {
            await LookAsync(server, cancellationToken);
            await state.Refresh.WaitAsync(s_pause, Period, cancellationToken);
        }
    }

    private async Task LookAsync(NpgsqlConnection server, CancellationToken cancellationToken)
    {
        TaskCompletionSource look = state.Refresh.Begin();
        try
        {
            string fingerprint = await CatalogFactsReader.FingerprintAsync(server, cancellationToken);
            if (fingerprint != _fingerprint)
            {
                CatalogFactsSnapshot facts = await CatalogFactsReader.ReadAsync(
                    server,
                    state.Parser,
                    cancellationToken
                );
                state.Publish(facts);
                // What was changed behind the proxies' backs; whoever cannot be told of it is told at the next look.
                if (state.Schema is not { } schema || await schema.AnnounceAsync() is null)
                {
                    _fingerprint = fingerprint;
                }
            }
            if (_isLost)
            {
                _isLost = false;
                LogTopology.FactsFound(logger, servers.Database.Name);
            }
        }
        finally
        {
            look.SetResult();
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
