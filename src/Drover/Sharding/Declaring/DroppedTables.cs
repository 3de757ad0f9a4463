// Tables and schemas of the map that were dropped are taken out of it, so that their names are free.
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Sharding.Catalog;
using Drover.Sql.Statements;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>
/// A table is there before it is declared, so one that is not there any more on any shard, and was before a client's
/// DDL, was dropped by it: through a proxy nobody gives it another name. Who does so past the proxies is not followed.
/// </summary>
internal sealed class DroppedTables(ShardServers servers, ShardedDatabaseState state, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private const string TablesSql = """
        SELECT n::int FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS one (s, t, n)
        WHERE to_regclass(format('%I.%I', s, t)) IS NULL ORDER BY n
        """;

    private const string SchemasSql = """
        SELECT n::int FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS one (s, t, n)
        WHERE to_regnamespace(format('%I', s)) IS NULL ORDER BY n
        """;

    /// <summary>Forgets them, and waits until this proxy's routing has. Costs nothing where all are there.</summary>
    /// <param name="before">What the catalogs said before the DDL; by now they have been read again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What is in the map no more.</returns>
    public async Task<string[]> ForgetAsync(ICatalogFacts before, CancellationToken cancellationToken)
    {
        TableName[] gone = state.Map is { } known ? [.. Tables(known).Where(table => IsGone(table, before))] : [];
        string[] schemas = state.Map is { } map ? [.. map.Schemas.Keys.Where(schema => IsGone(schema, before))] : [];
        if (gone.Length + schemas.Length == 0)
        {
            return [];
        }
        long epoch;
        await using (
            TopologyChange change = await TopologyChange.BeginAsync(
                servers.Catalog,
                servers.Database.Name,
                cancellationToken
            )
        )
        {
            gone = await OnNoShardAsync(change.Map, gone, TablesSql, cancellationToken);
            // As tables of no name: what is left of them is the schema's.
            TableName[] empty = [.. schemas.Select(static schema => new TableName(schema, ""))];
            empty = await OnNoShardAsync(change.Map, empty, SchemasSql, cancellationToken);
            schemas = [.. empty.Select(static one => one.Schema)];
            if (gone.Length + schemas.Length == 0)
            {
                return [];
            }
            foreach (string schema in schemas)
            {
                await change.RemoveSchemaAsync(schema, cancellationToken);
            }
            foreach (TableName table in gone)
            {
                await change.RemoveTableAsync(table, cancellationToken);
            }
            epoch = await change.CommitAsync(cancellationToken);
        }
        while (state.Map is { } current && current.Epoch < epoch)
        {
            await Task.Delay(s_look, time, cancellationToken);
        }
        return [.. gone.Select(static table => table.ToString()), .. schemas];
    }

    private static IEnumerable<TableName> Tables(TopologySnapshot map) => map.Tables.Keys.Concat(map.ReferenceTables);

    private bool IsGone(TableName table, ICatalogFacts before) =>
        before.Describe(table.Schema, table.Name) is not null && state.Facts.Describe(table.Schema, table.Name) is null;

    private bool IsGone(string schema, ICatalogFacts before) =>
        before.HasSchema(schema) && !state.Facts.HasSchema(schema);

    /// <summary>Those of which every shard says that it has them not.</summary>
    private async Task<TableName[]> OnNoShardAsync(
        TopologySnapshot map,
        TableName[] gone,
        string sql,
        CancellationToken cancellationToken
    )
    {
        foreach (Shard shard in map.Shards)
        {
            if (gone.Length == 0)
            {
                break;
            }
            await using NpgsqlConnection server = await servers.OpenAsync(shard, cancellationToken);
            List<int> missing = await server.ListAsync(
                sql,
                [gone.Select(static one => one.Schema).ToArray(), gone.Select(static one => one.Name).ToArray()],
                static row => row.GetInt32(0),
                cancellationToken
            );
            gone = [.. missing.Select(number => gone[number - 1])];
        }
        return gone;
    }
}
