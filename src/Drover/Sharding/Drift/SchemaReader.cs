// Reads what of a shard's schema has to be the same on every shard.
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Drift;

/// <summary>What one shard has.</summary>
/// <param name="Shard">Its name.</param>
/// <param name="Objects">All that has to be the same everywhere.</param>
/// <param name="Absent">Declared tables that are not there.</param>
internal sealed record ShardSchema(string Shard, IReadOnlyList<SchemaObject> Objects, IReadOnlyList<string> Absent);

internal static class SchemaReader
{
    /// <summary>Reads one shard.</summary>
    /// <param name="shard">Its name.</param>
    /// <param name="server">A session on it, with an empty search_path.</param>
    /// <param name="map">Has the declared tables.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<ShardSchema> ReadAsync(
        string shard,
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
        foreach (string query in DriftQueries.OfNoTable)
        {
            all.AddRange(await server.ListAsync(query, [], Read, cancellationToken));
        }
        List<string> absent = await server.ListAsync(
            DriftQueries.Absent,
            [schemas, names],
            static row => row.GetString(0),
            cancellationToken
        );
        return new ShardSchema(shard, all, absent);
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
