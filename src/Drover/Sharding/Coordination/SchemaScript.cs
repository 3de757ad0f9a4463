// What the coordinator's schema has to be: the statements that make it, read from the shards and the map.
using System.Security.Cryptography;
using System.Text;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Coordination;

/// <summary>One statement of it.</summary>
/// <param name="Name">What it makes, for a person.</param>
/// <param name="Sql">The statement.</param>
/// <param name="Otherwise">If it holds somebody back: what has to be run when it cannot be.</param>
internal sealed record SchemaStatement(string Name, string Sql, string? Otherwise = null);

/// <summary>Parts are run one after the other; within one in any order.</summary>
internal sealed class SchemaScript
{
    /// <summary>The schema that the shards' foreign tables are in.</summary>
    public const string ChildSchema = "drover_shards";

    private SchemaScript(IReadOnlyList<IReadOnlyList<SchemaStatement>> parts, byte[] fingerprint)
    {
        Parts = parts;
        Fingerprint = fingerprint;
    }

    /// <summary>The statements.</summary>
    public IReadOnlyList<IReadOnlyList<SchemaStatement>> Parts { get; }

    /// <summary>Equal for equal statements about the same servers.</summary>
    public byte[] Fingerprint { get; }

    /// <summary>Reads it.</summary>
    public static async Task<SchemaScript> ReadAsync(
        ShardServers servers,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        List<SchemaStatement>[] parts =
        [
            [],
            [],
            [],
            [],
            [],
        ];
        foreach (Shard shard in map.Shards)
        {
            bool isHome = shard == map.Home;
            // Of the first shard all but what others have, of another what it alone has.
            string[] schemas = [.. map.SchemasOf(shard.Number, isHere: !isHome)];
            if (isHome || schemas.Length > 0)
            {
                await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
                await ReadAsync(parts, server, shard, map, [schemas, !isHome], cancellationToken);
            }
        }
        string[] places = [.. map.Shards.Select(shard => $"{shard.Number} {servers.Target(shard).ConnectionString}")];
        string all = string.Join(
            '\0',
            parts
                .SelectMany(static part => part.Select(static one => one.Sql).Order(StringComparer.Ordinal))
                .Concat(places)
        );
        return new SchemaScript(parts, SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    private static async Task ReadAsync(
        List<SchemaStatement>[] parts,
        NpgsqlConnection server,
        Shard shard,
        TopologySnapshot map,
        object[] which,
        CancellationToken cancellationToken
    )
    {
        // A view is locked while its definition is read.
        await server.ExecuteAsync("SET lock_timeout = '5s'", [], cancellationToken);
        parts[0].AddRange(await server.ListAsync(SchemaQueries.Schemas, which, Read, cancellationToken));
        if (shard == map.Home)
        {
            parts[0].AddRange(await server.ListAsync(SchemaQueries.Extensions, [], Read, cancellationToken));
        }
        parts[0].AddRange(await server.ListAsync(SchemaQueries.Types, which, Read, cancellationToken));
        parts[0].AddRange(await server.ListAsync(SchemaQueries.Functions, which, Read, cancellationToken));
        parts[1].AddRange(await TablesAsync(server, shard, map, which, cancellationToken));
        parts[2].AddRange(await server.ListAsync(SchemaQueries.Views, which, Read, cancellationToken));
        parts[3]
            .AddRange(
                await server.ListAsync(
                    SchemaQueries.Restrictions,
                    which,
                    static row => new SchemaStatement(row.GetString(0), row.GetString(1), row.GetString(2)),
                    cancellationToken
                )
            );
        parts[4].AddRange(await server.ListAsync(SchemaQueries.Grants, which, Read, cancellationToken));
    }

    /// <summary>A string constant.</summary>
    public static string Literal(string? value) => $"'{(value ?? "").Replace("'", "''", StringComparison.Ordinal)}'";

    private static SchemaStatement Read(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1));

    private static async Task<List<SchemaStatement>> TablesAsync(
        NpgsqlConnection server,
        Shard own,
        TopologySnapshot map,
        object[] which,
        CancellationToken cancellationToken
    )
    {
        List<(string Name, string Create, TableName Table, string Number)> tables = await server.ListAsync(
            SchemaQueries.Tables,
            which,
            row =>
                (
                    row.GetString(0),
                    row.GetString(1),
                    new TableName(row.GetString(2), row.GetString(3)),
                    row.GetString(4)
                ),
            cancellationToken
        );
        List<SchemaStatement> statements = [];
        foreach ((string name, string create, TableName table, string number) in tables)
        {
            statements.Add(new SchemaStatement(name, create));
            foreach (Shard shard in map.Tables.ContainsKey(table) ? [.. map.Shards] : (Shard[])[own])
            {
                // Tables of two shards may have the same number.
                string child = own == map.Home ? $"t{number}_{shard.Number}" : $"s{number}_{shard.Number}";
                statements.Add(
                    new SchemaStatement(
                        name,
                        $"""
                        CREATE FOREIGN TABLE {ChildSchema}.{child} ()
                        INHERITS ({Identifier(table.Schema)}.{Identifier(
                            table.Name
                        )}) SERVER drover_shard_{shard.Number}
                        OPTIONS (schema_name {Literal(table.Schema)}, table_name {Literal(table.Name)})
                        """
                    )
                );
            }
        }
        return statements;
    }

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
