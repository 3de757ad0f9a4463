// What the coordinator's schema has to be: the statements that make it, read from the home shard and the map.
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
        await using NpgsqlConnection home = await servers.OpenAsync(map.Home, cancellationToken);
        // A view is locked while its definition is read.
        await home.ExecuteAsync("SET lock_timeout = '5s'", [], cancellationToken);
        List<SchemaStatement> definitions = [];
        foreach (
            string query in (string[])
                [SchemaQueries.Schemas, SchemaQueries.Extensions, SchemaQueries.Types, SchemaQueries.Functions]
        )
        {
            definitions.AddRange(await home.ListAsync(query, [], Read, cancellationToken));
        }
        SchemaStatement[][] parts =
        [
            [.. definitions],
            [.. await TablesAsync(home, map, cancellationToken)],
            [.. await home.ListAsync(SchemaQueries.Views, [], Read, cancellationToken)],
            [
                .. await home.ListAsync(
                    SchemaQueries.Restrictions,
                    [],
                    static row => new SchemaStatement(row.GetString(0), row.GetString(1), row.GetString(2)),
                    cancellationToken
                ),
            ],
            [.. await home.ListAsync(SchemaQueries.Grants, [], Read, cancellationToken)],
        ];
        string[] places = [.. map.Shards.Select(shard => $"{shard.Number} {servers.Target(shard).ConnectionString}")];
        string all = string.Join(
            '\0',
            parts
                .SelectMany(static part => part.Select(static one => one.Sql).Order(StringComparer.Ordinal))
                .Concat(places)
        );
        return new SchemaScript(parts, SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    /// <summary>A string constant.</summary>
    public static string Literal(string? value) => $"'{(value ?? "").Replace("'", "''", StringComparison.Ordinal)}'";

    private static SchemaStatement Read(NpgsqlDataReader row) => new(row.GetString(0), row.GetString(1));

    private static async Task<List<SchemaStatement>> TablesAsync(
        NpgsqlConnection home,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        List<(string Name, string Create, TableName Table, string Number)> tables = await home.ListAsync(
            SchemaQueries.Tables,
            [],
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
            foreach (Shard shard in map.Tables.ContainsKey(table) ? [.. map.Shards] : (Shard[])[map.Home])
            {
                statements.Add(
                    new SchemaStatement(
                        name,
                        $"""
                        CREATE FOREIGN TABLE {ChildSchema}.t{number}_{shard.Number} ()
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
