// Reads what of a shard's schema has to be the same on every shard.
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Drift;

/// <summary>What one shard has.</summary>
/// <param name="Shard">Its name.</param>
/// <param name="Objects">All that has to be the same everywhere.</param>
/// <param name="Absent">Declared tables that are not there.</param>
internal sealed record ShardSchema(string Shard, IReadOnlyList<SchemaObject> Objects, IReadOnlyList<string> Absent)
{
    /// <summary>What is wrong with it whatever others have: what is in schemas that are another shard's.</summary>
    public IReadOnlyList<SchemaDifference> Misplaced { get; init; } = [];
}

internal static class SchemaReader
{
    /// <summary>Reads one shard.</summary>
    /// <param name="shard">Its name.</param>
    /// <param name="server">A session on it, with an empty search_path.</param>
    /// <param name="map">Has the declared tables.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ShardSchema> ReadAsync(
        Shard shard,
        NpgsqlConnection server,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        // A view is locked while its definition is read.
        await server.ExecuteAsync("SET lock_timeout = '5s'", [], cancellationToken);
        TableName[] declared = [.. map.Tables.Keys, .. map.ReferenceTables];
        string[] schemas = [.. declared.Select(static name => name.Schema)];
        string[] names = [.. declared.Select(static name => name.Name)];
        List<SchemaObject> all = [];
        foreach (string query in DriftQueries.OfTables)
        {
            all.AddRange(await server.ListAsync(query, [schemas, names], Read, cancellationToken));
        }
        string[] sharded = [.. map.Schemas.Keys];
        all.AddRange(await server.ListAsync(DriftQueries.Views, [schemas, names, sharded], Read, cancellationToken));
        foreach (string query in DriftQueries.OfNoTable)
        {
            all.AddRange(await server.ListAsync(query, [sharded], Read, cancellationToken));
        }
        List<string> absent = await server.ListAsync(
            DriftQueries.Absent,
            [schemas, names],
            static row => row.GetString(0),
            cancellationToken
        );
        return new ShardSchema(shard.Name, all, absent)
        {
            Misplaced = await MisplacedAsync(shard, server, map, cancellationToken),
        };
    }

    private static async Task<SchemaDifference[]> MisplacedAsync(
        Shard shard,
        NpgsqlConnection server,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        string[] others = [.. map.SchemasOf(shard.Number, isHere: false)];
        List<SchemaDifference> found = await server.ListAsync(
            DriftQueries.Misplaced,
            [others],
            row => new SchemaDifference(
                shard.Name,
                DifferenceKind.Extra,
                row.GetString(0),
                row.GetString(1),
                "in a schema that another shard has",
                null,
                Text(row, 2) is { } drop ? [drop] : [],
                row.IsDBNull(2) ? "nobody finds it here: copy its rows to the shard of its schema, and drop it" : null
            ),
            cancellationToken
        );
        List<string> absent = await server.ListAsync(
            DriftQueries.AbsentSchemas,
            [map.Schemas.Keys.ToArray()],
            static row => row.GetString(0),
            cancellationToken
        );
        return
        [
            .. absent.Select(name => new SchemaDifference(
                shard.Name,
                DifferenceKind.Missing,
                "schema",
                name,
                null,
                "sharded",
                [$"CREATE SCHEMA {name}"],
                null
            )),
            .. found,
        ];
    }

    private static SchemaObject Read(NpgsqlDataReader row) =>
        new(
            row.GetString(0),
            row.GetString(1),
            Text(row, 2),
            row.GetString(3),
            Text(row, 4),
            Text(row, 5),
            Text(row, 6),
            row.GetBoolean(7)
        );

    private static string? Text(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);
}
