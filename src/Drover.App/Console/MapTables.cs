// SHOW SHARDS, TABLES and CROSS_SHARD: sharded databases, as this process has them.
using Drover.Administration;
using Drover.Telemetry;
using Drover.Telemetry.Statements;

namespace Drover.App.Console;

/// <summary>The results about sharded databases; PgBouncer has none of the kind.</summary>
internal static class MapTables
{
    /// <summary>The tables.</summary>
    public static IReadOnlyList<ShowTable> All { get; } =
    [
        new("shards", ShowTable.ColumnsOf("tittitq", "database shard name host port slots epoch"), WriteShards),
        new("tables", ShowTable.ColumnsOf("tttttt", "database table kind key colocation shard"), WriteTables),
        new(
            "cross_shard",
            ShowTable.ColumnsOf("ttiqqqt", "database tier shards calls total_time mean_time statement"),
            WriteStatements
        ),
    ];

    private static void WriteShards(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (ShardSnapshot shard in proxy.Shards())
        {
            rows.Text(shard.Database)
                .Number(shard.Number)
                .Text(shard.Name)
                .Text(shard.Host)
                .Number(shard.Port)
                .Text(shard.Slots)
                .Number(shard.Epoch)
                .End();
        }
    }

    private static void WriteStatements(IProxyAdministration proxy, RowWriter rows)
    {
        foreach ((string database, CrossShardStatement statement) in proxy.CrossShard())
        {
            rows.Text(database)
                .Text(StatementTiers.NameOf(statement.Tier))
                .Number(statement.Shards)
                .Number(statement.Calls)
                .Number(statement.TotalUs)
                .Number(statement.MeanUs)
                .Text(statement.Statement)
                .End();
        }
    }

    private static void WriteTables(IProxyAdministration proxy, RowWriter rows)
    {
        foreach (DeclaredTableSnapshot table in proxy.DeclaredTables())
        {
            rows.Text(table.Database)
                .Text(table.Table)
                .Text(
                    table.Shard is not null ? "schema"
                    : table.Key is null ? "reference"
                    : "sharded"
                )
                .Text(table.Key)
                .Text(table.Group)
                .Text(table.Shard)
                .End();
        }
    }
}
