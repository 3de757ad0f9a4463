// Makes a partition that is like its table, fills it if need be, and attaches it, all in one transaction.
using System.Globalization;
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// Steps: 1. a table like the parent, with a CHECK that proves the bounds, so that ATTACH scans nothing; 2. owner,
/// grants, storage, settings of columns, row security, comment (LIKE copies none of them); 3. its rows, if any; 4.
/// ATTACH, which makes the indexes and foreign keys; 5. what the parent's does not reach: the replica identity, and
/// foreign keys that only partitions have, since they are not validated; 6. the CHECK goes.
/// </summary>
/// <param name="session">The connection, inside a transaction with short time-outs.</param>
internal sealed class PartitionMaker(MaintenanceSession session)
{
    private const string Proof = "drover_bounds";

    private const string ColumnSettings = """
        SELECT format('ALTER %I SET STATISTICS %s', attname, attstattarget) FROM pg_attribute
        WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped AND attstattarget >= 0
        UNION ALL
        SELECT format('ALTER %I SET (%s)', attname, string_agg(o, ', ')) FROM pg_attribute, unnest(attoptions) o
        WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped AND o NOT LIKE 'pg\_%' GROUP BY attname
        ORDER BY 1
        """;

    private const string OwnForeignKeys = """
        SELECT format('ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE conrelid = $1::bigint::oid AND contype = 'f' AND conparentid = 0 ORDER BY 1
        """;

    /// <summary>Steps 1 and 2: the table, not attached.</summary>
    public async Task CreateAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        QualifiedName name,
        PartitionRange range,
        CancellationToken cancellationToken
    )
    {
        Partition? model = tree.Newest;
        string options = model is { Options.Count: > 0 }
            ? $" WITH ({string.Join(", ", model.Options.Select(Option))})"
            : "";
        string tablespace = tree.Tablespace is { } space ? $" TABLESPACE {SqlText.Name(space)}" : "";
        string condition = scheme.Condition(range, SqlText.Name(tree.KeyColumn));
        await session.ExecuteAsync(
            $"CREATE TABLE {name} (LIKE {tree.Table} INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES, "
                + $"CONSTRAINT {Proof} CHECK ({condition})){options}{tablespace}",
            cancellationToken
        );
        await LikeModelAsync(ColumnSettings, model, name, cancellationToken);
        if (tree.HasRowSecurity || model is { HasRowSecurity: true })
        {
            // Without policies of its own: whoever names the partition sees nothing; through the parent, its policies
            // count.
            await session.ExecuteAsync($"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY", cancellationToken);
        }
        if (model?.Comment is { } comment)
        {
            await session.ExecuteAsync($"COMMENT ON TABLE {name} IS {SqlText.Literal(comment)}", cancellationToken);
        }
        await GrantAsync(tree, name, cancellationToken);
    }

    /// <summary>Steps 4 to 6.</summary>
    public async Task AttachAsync(
        PartitionTree tree,
        PartitionScheme scheme,
        QualifiedName name,
        PartitionRange range,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await session.ExecuteAsync(
                $"ALTER TABLE {tree.Table} ATTACH PARTITION {name} {scheme.ForValues(range)}",
                cancellationToken
            );
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            throw new OperationException(
                $"attaching {name} took too long: PostgreSQL looks through the whole default partition for its "
                    + "rows, under a lock; empty the default partition first",
                failure
            );
        }
        await SetReplicaIdentityAsync(tree, name, cancellationToken);
        await LikeModelAsync(OwnForeignKeys, tree.Newest, name, cancellationToken);
        await session.ExecuteAsync($"ALTER TABLE {name} DROP CONSTRAINT {Proof}", cancellationToken);
    }

    private async Task LikeModelAsync(
        string changes,
        Partition? model,
        QualifiedName name,
        CancellationToken cancellationToken
    )
    {
        if (model is null)
        {
            return;
        }
        List<string> found = await session.RowsAsync(
            changes,
            static row => row.GetString(0),
            cancellationToken,
            (long)model.Oid
        );
        if (found.Count > 0)
        {
            await session.ExecuteAsync($"ALTER TABLE {name} {string.Join(", ", found)}", cancellationToken);
        }
    }

    // Grants that ALTER DEFAULT PRIVILEGES gave go first: the partition has the parent's, no more. The owner comes
    // last, since after it we may not be allowed to do the rest.
    private async Task GrantAsync(PartitionTree tree, QualifiedName name, CancellationToken cancellationToken)
    {
        List<string> given = await session.RowsAsync(
            """
            SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
            FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = $1::regclass AND a.grantee <> c.relowner
            """,
            static row => row.GetString(0),
            cancellationToken,
            name.ToString()
        );
        foreach (string role in given)
        {
            await session.ExecuteAsync($"REVOKE ALL ON {name} FROM {role}", cancellationToken);
        }
        foreach (string grant in tree.Grants)
        {
            string sql = grant.Replace(" ON %s TO ", $" ON {name} TO ", StringComparison.Ordinal);
            await session.ExecuteAsync(sql, cancellationToken);
        }
        string? owner = await session.ScalarAsync<string>("SELECT current_user::text", cancellationToken);
        if (owner != tree.Owner)
        {
            await session.ExecuteAsync($"ALTER TABLE {name} OWNER TO {SqlText.Name(tree.Owner)}", cancellationToken);
        }
    }

    private async Task SetReplicaIdentityAsync(
        PartitionTree tree,
        QualifiedName name,
        CancellationToken cancellationToken
    )
    {
        char wanted = tree.ReplicaIdentity == 'd' ? tree.Newest?.ReplicaIdentity ?? 'd' : tree.ReplicaIdentity;
        if (wanted is 'f' or 'n')
        {
            string identity = wanted == 'f' ? "FULL" : "NOTHING";
            await session.ExecuteAsync($"ALTER TABLE {name} REPLICA IDENTITY {identity}", cancellationToken);
        }
        if (wanted != 'i')
        {
            return;
        }

        // The new partition's index that belongs to the same index of the parent as the model's identity does.
        string? index = await session.ScalarAsync<string>(
            """
            SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
            JOIN pg_inherits h ON h.inhrelid = i.indexrelid
            WHERE i.indrelid = $1::regclass AND h.inhparent IN (
                SELECT indexrelid FROM pg_index WHERE indrelid = $2::bigint::oid AND indisreplident
                UNION SELECT p.inhparent FROM pg_index m JOIN pg_inherits p ON p.inhrelid = m.indexrelid
                WHERE m.indrelid = $3::bigint::oid AND m.indisreplident)
            """,
            cancellationToken,
            name.ToString(),
            (long)tree.Oid,
            (long)(tree.Newest?.Oid ?? 0)
        );
        if (index is not null)
        {
            await session.ExecuteAsync($"ALTER TABLE {name} REPLICA IDENTITY USING INDEX {index}", cancellationToken);
        }
    }

    private static string Option(string option)
    {
        string[] parts = option.Split('=', 2);
        return parts.Length == 2
            ? string.Create(CultureInfo.InvariantCulture, $"{parts[0]} = {SqlText.Literal(parts[1])}")
            : option;
    }
}
