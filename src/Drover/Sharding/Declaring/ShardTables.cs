// The same table on every shard.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>
/// A table that is to be declared, as every shard has it. It is locked against writers until this is disposed of, so
/// that it stays as empty as it was found.
/// </summary>
internal sealed class ShardTables : IAsyncDisposable
{
    private readonly ShardServers _servers;
    private readonly List<(Shard Shard, NpgsqlConnection Server, TableFacts? Facts)> _shards = [];

    private ShardTables(ShardServers servers) => _servers = servers;

    /// <summary>The table on the first shard.</summary>
    public TableFacts Home => _shards[0].Facts!;

    /// <summary>Looks at the table on every shard.</summary>
    /// <exception cref="OperationException">The first shard has no such table.</exception>
    public static async Task<ShardTables> OpenAsync(
        ShardServers servers,
        TopologySnapshot map,
        string table,
        string? key,
        CancellationToken cancellationToken
    )
    {
        ShardTables tables = new(servers);
        try
        {
            string? name = null;
            foreach (Shard shard in map.Shards)
            {
                NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
                tables._shards.Add((shard, server, null));
                name ??=
                    await RelationNames.ResolveAsync(server, table, cancellationToken)
                    ?? throw new OperationException(
                        $"there is no table '{table}' on shard {shard.Name}: create it on every shard first",
                        OperationOutcome.Usage
                    );
                await LockAsync(server, shard, name, cancellationToken);
                TableFacts? facts = await TableFactsReader.ReadAsync(server, name, key, cancellationToken);
                tables._shards[^1] = (shard, server, facts);
            }
            return tables;
        }
        catch
        {
            await tables.DisposeAsync();
            throw;
        }
    }

    /// <summary>What keeps the shards from being alike.</summary>
    /// <param name="mayHaveRows">False when rows that are there already would be in no place.</param>
    public IEnumerable<string> Differences(bool mayHaveRows)
    {
        foreach ((Shard shard, _, TableFacts? facts) in _shards)
        {
            if (facts is null)
            {
                yield return $"shard {shard.Name} has no such table: create it there as on {_shards[0].Shard.Name}";
            }
            else if (facts.Fingerprint != Home.Fingerprint)
            {
                yield return $"shard {shard.Name} has it with other columns, constraints or unique indexes than "
                    + $"{_shards[0].Shard.Name}: make them equal";
            }
            if (facts is { HasRows: true } && !mayHaveRows)
            {
                yield return $"shard {shard.Name} has rows in it: declare it empty, and load it through the proxy";
            }
        }
    }

    /// <summary>
    /// Lets each shard take its own values of the sequences: those that leave its number when divided by
    /// <see cref="Shard.NumberMax"/> + 1. So no two shards ever make the same, later ones included.
    /// </summary>
    public async Task SpreadSequencesAsync(CancellationToken cancellationToken)
    {
        foreach ((Shard shard, _, TableFacts? facts) in _shards)
        {
            await using NpgsqlConnection server = await _servers.OpenAsync(shard, cancellationToken);
            foreach (string sequence in facts!.Sequences.Select(sequence => sequence.Name).Distinct())
            {
                await server.ExecuteAsync(
                    $"ALTER SEQUENCE {sequence} AS bigint INCREMENT BY {Shard.NumberMax + 1} MINVALUE 1 NO MAXVALUE "
                        + $"START WITH {shard.Number} RESTART WITH {shard.Number} NO CYCLE",
                    [],
                    cancellationToken
                );
            }
        }
    }

    private static async Task LockAsync(
        NpgsqlConnection server,
        Shard shard,
        string name,
        CancellationToken cancellationToken
    )
    {
        // Kept until the session ends.
        await TableLock.BeginAsync(server, cancellationToken);
        object? kind = await server.ScalarAsync(
            "SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1)",
            [name],
            cancellationToken
        );
        if (kind is "r" or "p")
        {
            await TableLock.TakeAsync(server, shard, name, cancellationToken);
        }
    }

    /// <summary>Ends the sessions.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((_, NpgsqlConnection server, _) in _shards)
        {
            await server.DisposeAsync();
        }
    }
}
