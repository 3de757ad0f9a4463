// What a statement of the traffic reads, by PostgreSQL's own account.
using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Drover.App.Demo;

/// <summary>What one execution read.</summary>
/// <param name="Pages">Pages of all its tables and indexes, from the cache or not.</param>
/// <param name="Relations">Tables, or partitions, of orders that it scanned.</param>
internal sealed record QueryCost(long Pages, int Relations)
{
    /// <summary>
    /// Executes one statement of a kind under EXPLAIN (ANALYZE, BUFFERS) and rolls back. Done twice: the first finds
    /// the way to pages that nobody has read yet.
    /// </summary>
    public static async Task<QueryCost> ReadAsync(DemoStage stage, QueryKind kind, CancellationToken cancellationToken)
    {
        (string sql, object[] values) = Example(kind, stage);
        await using NpgsqlConnection connection = await stage.Cluster.OpenAsync(Shop.Database, cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        string plan = "";
        for (int time = 0; time < 2; time++)
        {
            await using NpgsqlCommand command = new($"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", connection)
            {
                AllResultTypesAreUnknown = true,
            };
            foreach (object value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }
            plan = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
        return Read(plan);
    }

    /// <summary>Reads what EXPLAIN wrote as JSON.</summary>
    public static QueryCost Read(string plan)
    {
        using JsonDocument document = JsonDocument.Parse(plan);
        JsonElement root = document.RootElement[0].GetProperty("Plan");
        HashSet<string> relations = [];
        Gather(root, relations);
        return new QueryCost(Number(root, "Shared Hit Blocks") + Number(root, "Shared Read Blocks"), relations.Count);
    }

    private static (string Sql, object[] Values) Example(QueryKind kind, DemoStage stage)
    {
        DateTime now = stage.TimeProvider.GetUtcNow().UtcDateTime;
        switch (kind)
        {
            case QueryKind.Dashboard:
                return (ShopTraffic.Dashboard, [now.AddDays(-90)]);
            case QueryKind.ChangeOrder:
                return (ShopTraffic.UpdateOrder, [new Shop(stage.Options.Scale).Orders / 2, "shipped"]);
            default:
                (int from, int to) = ShopTraffic.AgeOf(kind);
                const long mostFrequentCustomer = 1;
                DateTime end = now.AddDays(from == 0 ? 1 : -from);
                return (ShopTraffic.ReadOrders, [mostFrequentCustomer, now.AddDays(-to), end]);
        }
    }

    // Partitions that the executor has left out were never started.
    private static void Gather(JsonElement node, HashSet<string> relations)
    {
        bool isScan = node.GetProperty("Node Type").GetString()!.Contains("Scan", StringComparison.Ordinal);
        if (
            isScan
            && Number(node, "Actual Loops") > 0
            && node.TryGetProperty("Relation Name", out JsonElement name)
            && name.GetString() is { } relation
            && relation.StartsWith("orders", StringComparison.Ordinal)
        )
        {
            relations.Add(relation);
        }
        if (node.TryGetProperty("Plans", out JsonElement plans))
        {
            foreach (JsonElement child in plans.EnumerateArray())
            {
                Gather(child, relations);
            }
        }
    }

    // Since PostgreSQL 18 loops have decimals.
    private static long Number(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value)
            ? (long)Math.Ceiling(double.Parse(value.GetRawText(), CultureInfo.InvariantCulture))
            : 0;
}
