// Sessions of the control plane on the catalog and on every shard.
using Drover.Configuration;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding;

/// <summary>
/// How the control plane reaches a sharded database's servers: the catalog by its connection string, a shard where its
/// database entry says, as the catalog's user.
/// </summary>
internal sealed class ShardServers : IAsyncDisposable
{
    private readonly Dictionary<string, (ServerAccess Access, NpgsqlConnectionStringBuilder Target)> _entries = [];

    private ShardServers(ShardedDatabaseOptions database, ServerAccess catalog, string user)
    {
        Database = database;
        Catalog = catalog;
        User = user;
    }

    /// <summary>What the configuration says of the database.</summary>
    public ShardedDatabaseOptions Database { get; }

    /// <summary>The catalog's user, who logs in to the shards too.</summary>
    public string User { get; }

    /// <summary>The catalog database.</summary>
    public ServerAccess Catalog { get; }

    /// <summary>Prepares access; connects to nothing yet.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="name">The sharded database; null: the only one that there is.</param>
    /// <exception cref="OperationException">There is no such one, or its catalog is no connection string.</exception>
    public static ShardServers Open(DroverOptions options, string? name)
    {
        ShardedDatabaseOptions database = Find(options, name);
        NpgsqlConnectionStringBuilder catalog =
            ConnectionText.Parse(database.Catalog, Environment.GetEnvironmentVariable, out string problem)
            ?? throw new OperationException($"sharded.{database.Name}.catalog: {problem}", OperationOutcome.Usage);
        ShardServers servers = new(database, new ServerAccess(catalog), catalog.Username ?? "");
        foreach (string entryName in database.Shards.Append(database.Coordinator).Where(static name => name.Length > 0))
        {
            DatabaseOptions entry = options.Databases.First(entry => entry.Name == entryName);
            NpgsqlConnectionStringBuilder target = Target(catalog, entry, options.Proxy.Listen.UnixSocketDir);
            servers._entries[entryName] = (new ServerAccess(target), target);
        }
        return servers;
    }

    /// <summary>A session on a shard.</summary>
    /// <exception cref="OperationException">The map has a shard that the configuration does not name.</exception>
    public Task<NpgsqlConnection> OpenAsync(Shard shard, CancellationToken cancellationToken) =>
        Entry(shard).Access.OpenAsync(cancellationToken);

    /// <summary>A session on the coordinator.</summary>
    /// <exception cref="OperationException">The configuration names none.</exception>
    public Task<NpgsqlConnection> OpenCoordinatorAsync(CancellationToken cancellationToken) =>
        HasCoordinator
            ? _entries[Database.Coordinator].Access.OpenAsync(cancellationToken)
            : throw new OperationException(
                $"sharded.{Database.Name} has no coordinator: set it to the name of a database entry",
                OperationOutcome.Usage
            );

    /// <summary>
    /// Refuses a coordinator that would put texts in another order than the shards, or take others for equal.
    /// </summary>
    /// <exception cref="OperationException">It would, or a shard would; the message has both.</exception>
    public async Task CheckCollationsAsync(
        NpgsqlConnection coordinator,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        string own = await ShardServer.CollationAsync(coordinator, cancellationToken);
        foreach (Shard shard in map.Shards)
        {
            await using NpgsqlConnection server = await OpenAsync(shard, cancellationToken);
            string other = await ShardServer.CollationAsync(server, cancellationToken);
            if (other != own)
            {
                throw new OperationException(
                    $"the coordinator's database sorts by {own}, shard {shard.Name}'s by {other}: it would answer in "
                        + "another order. Create its database with the encoding and the locale of the shards",
                    OperationOutcome.Refused
                );
            }
        }
    }

    /// <summary>The configuration names a coordinator.</summary>
    public bool HasCoordinator => Database.Coordinator.Length > 0;

    /// <summary>Where a shard is, for a person.</summary>
    public string Describe(Shard shard) => Entry(shard).Access.Description;

    /// <summary>How the control plane reaches a shard; with its password.</summary>
    public NpgsqlConnectionStringBuilder Target(Shard shard) => Entry(shard).Target;

    /// <summary>Closes what is left.</summary>
    public async ValueTask DisposeAsync()
    {
        await Catalog.DisposeAsync();
        foreach ((ServerAccess access, _) in _entries.Values)
        {
            await access.DisposeAsync();
        }
    }

    private (ServerAccess Access, NpgsqlConnectionStringBuilder Target) Entry(Shard shard) =>
        _entries.TryGetValue(shard.Name, out (ServerAccess, NpgsqlConnectionStringBuilder) entry)
            ? entry
            : throw new OperationException(
                $"the map has a shard '{shard.Name}' that sharded.{Database.Name}.shards does not name: add it there",
                OperationOutcome.Usage
            );

    private static ShardedDatabaseOptions Find(DroverOptions options, string? name)
    {
        if (options.Sharded.IsEmpty)
        {
            throw new OperationException(
                "the configuration has no sharded database: add [sharded.NAME] with catalog and shards",
                OperationOutcome.Usage
            );
        }
        string names = string.Join(", ", options.Sharded.Select(sharded => sharded.Name));
        if (name is null)
        {
            return options.Sharded.Length == 1
                ? options.Sharded[0]
                : throw new OperationException(
                    $"the configuration has several sharded databases ({names}): say which by --database",
                    OperationOutcome.Usage
                );
        }
        return options.Sharded.FirstOrDefault(sharded => sharded.Name == name)
            ?? throw new OperationException(
                $"the configuration has no sharded database '{name}': it has {names}",
                OperationOutcome.Usage
            );
    }

    private static NpgsqlConnectionStringBuilder Target(
        NpgsqlConnectionStringBuilder catalog,
        DatabaseOptions entry,
        string socketFolder
    ) =>
        new(catalog.ConnectionString)
        {
            Host = entry.Host.Count == 0 ? socketFolder : string.Join(',', entry.Host),
            Port = entry.Port,
            Database = entry.Dbname ?? entry.Name,
        };
}
