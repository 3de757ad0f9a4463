// An index of a partitioned table: in each partition beside the traffic, then joined to one.
using Drover.Advice.Indexes;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Building;

/// <summary>
/// PostgreSQL cannot build it concurrently as a whole (https://www.postgresql.org/docs/18/ddl-partitioning.html). So:
/// 1. every leaf has its own built; 2. every partitioned table of the tree gets one ON ONLY itself, which is not valid
/// and takes a lock for a moment; 3. from the leaves up, each is attached to its parent's; the last makes it valid.
/// What is interrupted goes on where it was: finished leaves keep theirs.
/// </summary>
internal sealed class PartitionedIndex(ServerAccess access, IndexBuilder builder, IIndexReport report)
{
    private const int RoundsMax = 3;

    private const string Tree = """
        SELECT format('%I.%I', n.nspname, c.relname), format('%I', n.nspname), c.relname::text, t.isleaf,
               (SELECT format('%I.%I', pn.nspname, p.relname) FROM pg_catalog.pg_class p
                JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE p.oid = t.parentrelid)
        FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) t
        JOIN pg_catalog.pg_class c ON c.oid = t.relid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') ORDER BY t.level DESC, 1
        """;

    private sealed record Branch(string Table, string Schema, string Name, bool IsLeaf, string? Parent);

    /// <summary>Builds it.</summary>
    public async Task BuildAsync(NpgsqlConnection guard, IndexOrder order, CancellationToken cancellation)
    {
        for (int round = 1; ; round++)
        {
            List<Branch> tree = await guard.ListAsync(
                Tree,
                [order.Table],
                static row => new Branch(
                    row.GetString(0),
                    row.GetString(1),
                    row.GetString(2),
                    row.GetBoolean(3),
                    row.Text(4)
                ),
                cancellation
            );
            Dictionary<string, IndexOrder> indexes = [];
            foreach (Branch branch in tree)
            {
                indexes[branch.Table] =
                    branch.Table == order.Table ? order : await OrderOfAsync(guard, order, branch, cancellation);
            }
            // 1. The leaves.
            foreach (Branch leaf in tree.Where(static one => one.IsLeaf))
            {
                await builder.BuildOneAsync(guard, indexes[leaf.Table], cancellation);
            }
            // 2. and 3. What joins them.
            await JoinAsync(tree, indexes, cancellation);
            if (await IsValidAsync(guard, order, cancellation))
            {
                return;
            }
            if (round == RoundsMax)
            {
                throw new OperationException(
                    $"{order.FullName} is not valid: partitions keep coming. Run it again, or: {order.Undo}"
                );
            }
            report.Say($"{order.Table} has new partitions: they get theirs");
        }
    }

    private async Task JoinAsync(
        List<Branch> tree,
        Dictionary<string, IndexOrder> indexes,
        CancellationToken cancellation
    )
    {
        await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
        await connection.ExecuteAsync(IndexBuilder.SetTimeout(new OperationLimits().LockTimeout), [], cancellation);
        foreach (Branch branch in tree.Where(static one => !one.IsLeaf))
        {
            IndexOrder own = indexes[branch.Table];
            await RunAsync($"CREATE INDEX IF NOT EXISTS {own.Name} ON ONLY {own.Table} {own.Body}");
        }
        foreach (Branch branch in tree.Where(one => one.Parent is { } parent && indexes.ContainsKey(parent)))
        {
            IndexOrder own = indexes[branch.Table];
            await RunAsync($"ALTER INDEX {indexes[branch.Parent!].FullName} ATTACH PARTITION {own.FullName}");
        }

        Task RunAsync(string sql) =>
            builder.RetryAsync(() => connection.ExecuteAsync(sql, [], cancellation), cancellation);
    }

    private static async Task<IndexOrder> OrderOfAsync(
        NpgsqlConnection guard,
        IndexOrder order,
        Branch branch,
        CancellationToken cancellation
    )
    {
        // The name of the whole one tells it apart from another index of the partition by the same columns.
        string mark = await HashAsync(guard, order.FullName, cancellation);
        string name = (string)
            (
                await guard.ScalarAsync(
                    "SELECT pg_catalog.quote_ident($1::text)",
                    [IndexNames.Shorten(branch.Name, $"_{mark}_idx")],
                    cancellation
                )
            )!;
        return new IndexOrder(branch.Schema, name, branch.Table, IsPartitioned: !branch.IsLeaf, order.Body);
    }

    private static async Task<string> HashAsync(NpgsqlConnection guard, string text, CancellationToken cancellation) =>
        (string)(await guard.ScalarAsync("SELECT left(pg_catalog.md5($1::text), 6)", [text], cancellation))!;

    private static async Task<bool> IsValidAsync(
        NpgsqlConnection guard,
        IndexOrder order,
        CancellationToken cancellation
    ) =>
        await guard.ScalarAsync(
            "SELECT indisvalid FROM pg_catalog.pg_index WHERE indexrelid = pg_catalog.to_regclass($1)",
            [order.FullName],
            cancellation
        )
            is true;
}
