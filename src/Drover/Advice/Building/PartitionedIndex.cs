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
/// What is interrupted goes on where it was: finished leaves keep theirs. The commands that drop them are told; those
/// of 2. and 3. too where all leaves have theirs, so that nothing is missing any more to the advice.
/// </summary>
internal sealed class PartitionedIndex(
    ServerAccess access,
    IndexBuilder builder,
    IIndexReport report,
    TimeProvider time
)
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

    // An attached one goes with its parent's, and only so.
    private const string Left = """
        SELECT x.name FROM unnest($1::text[]) WITH ORDINALITY x (name, n)
        JOIN pg_catalog.pg_index i ON i.indexrelid = pg_catalog.to_regclass(x.name)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid) ORDER BY x.n DESC
        """;

    private static readonly TimeSpan s_tellTime = TimeSpan.FromSeconds(5);

    private sealed record Branch(string Table, string Schema, string Name, bool IsLeaf, string? Parent);

    /// <summary>Builds it.</summary>
    /// <exception cref="OperationException">Refused: an index of the same name is another.</exception>
    public async Task BuildAsync(NpgsqlConnection guard, IndexOrder order, CancellationToken cancellation)
    {
        List<IndexOrder> begun = [];
        List<string> joins = [];
        try
        {
            await BuildTreeAsync(guard, order, begun, joins, cancellation);
        }
        catch
        {
            await TellWhatIsLeftAsync(order, begun, joins);
            throw;
        }
    }

    private async Task BuildTreeAsync(
        NpgsqlConnection guard,
        IndexOrder order,
        List<IndexOrder> begun,
        List<string> joins,
        CancellationToken cancellation
    )
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
            foreach (Branch branch in tree)
            {
                await IndexBuilder.RefuseAnotherAsync(guard, indexes[branch.Table], cancellation);
            }
            // Another index's name is never among them, so that nobody is told to drop it.
            begun.Clear();
            begun.AddRange(indexes.Values);
            joins.Clear();
            // 1. The leaves.
            foreach (Branch leaf in tree.Where(static one => one.IsLeaf))
            {
                await builder.BuildOneAsync(guard, indexes[leaf.Table], cancellation);
            }
            // 2. and 3. What joins them.
            joins.AddRange(JoinsOf(tree, indexes));
            await JoinAsync(joins, cancellation);
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

    /// <summary>On a session of its own: the one of the build may be what failed.</summary>
    private async Task TellWhatIsLeftAsync(IndexOrder order, List<IndexOrder> begun, List<string> joins)
    {
        if (begun.Count == 0)
        {
            return;
        }
        using CancellationTokenSource limit = new(s_tellTime, time);
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(limit.Token);
            List<string> left = await connection.ListAsync(
                Left,
                [begun.Select(static one => one.FullName).ToArray()],
                static row => row.GetString(0),
                limit.Token
            );
            if (left.Count > 0)
            {
                if (joins.Count > 0)
                {
                    report.Say($"{order.FullName} is built in all partitions, and not joined. What does it:");
                    joins.ForEach(sql => report.Say($"  {sql}"));
                }
                else
                {
                    report.Say($"{order.FullName} is not finished: the same verb goes on where it was.");
                }
                report.Say("What is built goes by:");
                left.ForEach(name => report.Say($"  {begun.First(one => one.FullName == name).Undo}"));
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or OperationCanceledException)
        {
            report.Say(
                $"{order.FullName} is not finished, and indexes of its partitions may be left ({failure.Message}): "
                    + "the same verb goes on where it was, or names them"
            );
        }
    }

    /// <summary>Each may be done again.</summary>
    private static IEnumerable<string> JoinsOf(List<Branch> tree, Dictionary<string, IndexOrder> indexes)
    {
        foreach (Branch branch in tree.Where(static one => !one.IsLeaf))
        {
            IndexOrder own = indexes[branch.Table];
            yield return $"CREATE INDEX IF NOT EXISTS {own.Name} ON ONLY {own.Table} {own.Body}";
        }
        foreach (Branch branch in tree.Where(one => one.Parent is { } parent && indexes.ContainsKey(parent)))
        {
            IndexOrder own = indexes[branch.Table];
            yield return $"ALTER INDEX {indexes[branch.Parent!].FullName} ATTACH PARTITION {own.FullName}";
        }
    }

    private async Task JoinAsync(List<string> joins, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
        await connection.ExecuteAsync(IndexBuilder.SetTimeout(new OperationLimits().LockTimeout), [], cancellation);
        foreach (string sql in joins)
        {
            await builder.RetryAsync(() => connection.ExecuteAsync(sql, [], cancellation), cancellation);
        }
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
