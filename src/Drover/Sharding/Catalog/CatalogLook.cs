// What routing knows of the catalogs: the first shard's, and of the others what is in the schemas that they have whole.
using Drover.Operations.Connections;
using Drover.Routing.Catalogs;
using Drover.Sql.Parsing;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Catalog;

/// <summary>
/// Looks at one server after the other, and reads only those that have changed. A shard that does not answer is as it
/// was: who asks it is told by itself. Used by one follower.
/// </summary>
internal sealed class CatalogLook(ShardServers servers, ISqlParser parser, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Longest time that one shard but the first keeps the others waiting.</summary>
    private static readonly TimeSpan s_shardMax = TimeSpan.FromSeconds(5);

    // A shard that failed is not asked again so soon.
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, long> _failedAt = [];
    private readonly Dictionary<int, NpgsqlConnection> _sessions = [];
    private readonly Dictionary<int, (string Mark, CatalogPart Part)> _read = [];
    private string _last = "";

    /// <summary>A shard but the first that did not answer when it was asked last; null if all did.</summary>
    public (Shard Shard, Exception Failure)? Failure { get; private set; }

    /// <summary>Looks.</summary>
    /// <param name="map">Says which schemas are where.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>All that is known; null if that is what it was.</returns>
    /// <exception cref="NpgsqlException">The first shard does not answer.</exception>
    public async Task<CatalogFactsSnapshot?> LookAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        foreach (Shard shard in map.Shards)
        {
            bool isHome = shard == map.Home;
            // Of the first shard all is read but what others have.
            string[] schemas = [.. map.SchemasOf(shard.Number, isHere: !isHome)];
            if (!isHome && schemas.Length == 0)
            {
                await ForgetAsync(shard.Number);
                _read.Remove(shard.Number);
                continue;
            }
            if (isHome)
            {
                await ReadAsync(shard, schemas, isWithin: false, cancellationToken);
            }
            else
            {
                await TryReadAsync(shard, schemas, cancellationToken);
            }
        }
        string mark = string.Join('\n', _read.OrderBy(static one => one.Key).Select(static one => one.Value.Mark));
        if (mark == _last)
        {
            return null;
        }
        List<(string Name, bool IsOfRole)> all = await CatalogFactsReader.SchemasAsync(
            _sessions[map.Home.Number],
            cancellationToken
        );
        _last = mark;
        return new CatalogFactsSnapshot(
            [.. _read.Values.Select(static one => one.Part)],
            all.Select(static one => one.Name),
            [.. all.Where(static one => one.IsOfRole).Select(static one => one.Name)]
        );
    }

    /// <summary>The next look reads everything anew.</summary>
    public void Doubt() => _last = "";

    /// <summary>Ends the sessions.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (int shard in _sessions.Keys.ToArray())
        {
            await ForgetAsync(shard);
        }
    }

    private async Task TryReadAsync(Shard shard, string[] schemas, CancellationToken cancellationToken)
    {
        if (_failedAt.TryGetValue(shard.Number, out long at) && time.GetElapsedTime(at) < s_pause)
        {
            return;
        }
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(s_shardMax);
        try
        {
            await ReadAsync(shard, schemas, isWithin: true, late.Token);
            if (_failedAt.Remove(shard.Number))
            {
                Failure = null;
            }
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            await ForgetAsync(shard.Number);
            _failedAt[shard.Number] = time.GetTimestamp();
            Failure = (shard, failure);
        }
    }

    private async Task ReadAsync(Shard shard, string[] schemas, bool isWithin, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(shard.Number, out NpgsqlConnection? server))
        {
            server = await servers.OpenAsync(shard, cancellationToken);
            _sessions[shard.Number] = server;
            await server.ExecuteAsync("SET search_path = pg_catalog", [], cancellationToken);
        }
        string fingerprint = await CatalogFactsReader.FingerprintAsync(server, cancellationToken);
        string mark = $"{shard.Number} {string.Join(' ', schemas)} {fingerprint}";
        if (!_read.TryGetValue(shard.Number, out (string Mark, CatalogPart Part) known) || known.Mark != mark)
        {
            CatalogPart part = await CatalogFactsReader.ReadAsync(server, parser, schemas, isWithin, cancellationToken);
            _read[shard.Number] = (mark, part);
        }
    }

    private async Task ForgetAsync(int shard)
    {
        if (_sessions.Remove(shard, out NpgsqlConnection? session))
        {
            await session.DisposeAsync();
        }
    }
}
