// Finds partitions that open more than their table does to a role that names them.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Maintenance;

/// <summary>
/// A query on the table is judged by the table's privileges and policies alone, one on a partition by the partition's
/// own. So finds privileges that a partition gives and the table does not, and partitions without row security under a
/// table that has it, where somebody else than the owner has privileges. Both may be meant, so they are told, not
/// mended.
/// </summary>
/// <param name="session">The connection.</param>
internal sealed class AccessDrift(MaintenanceSession session)
{
    private const string GivenSql = """
        WITH relation AS (
            SELECT c.oid, c.relowner, c.relacl FROM pg_class c WHERE c.oid = $1::bigint::oid
                OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::bigint::oid)),
        given AS (
            SELECT r.oid, a.grantee, a.privilege_type, NULL::name AS attname
            FROM relation r, aclexplode(r.relacl) a WHERE a.grantee <> r.relowner
            UNION ALL SELECT r.oid, a.grantee, a.privilege_type, t.attname
            FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid AND NOT t.attisdropped, aclexplode(t.attacl) a
            WHERE a.grantee <> r.relowner)
        SELECT g.oid, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
            g.privilege_type || coalesce(' (' || quote_ident(g.attname) || ')', ''),
            NOT EXISTS (SELECT FROM given t WHERE t.oid = $1::bigint::oid AND t.grantee IN (g.grantee, 0)
                AND t.privilege_type = g.privilege_type AND (t.attname IS NULL OR t.attname = g.attname))
            AND g.grantee <> (SELECT relowner FROM relation WHERE oid = $1::bigint::oid)
        FROM given g WHERE g.oid <> $1::bigint::oid ORDER BY 2, 3
        """;

    private sealed record Privilege(uint Partition, string Grantee, string Name, bool IsMore);

    /// <summary>What was found, equal privileges of many partitions in one.</summary>
    public async Task<IReadOnlyList<Finding>> ReadAsync(PartitionTree tree, CancellationToken cancellationToken)
    {
        List<Privilege> given = await session.RowsAsync(
            GivenSql,
            static row => new Privilege(
                row.GetFieldValue<uint>(0),
                row.GetString(1),
                row.GetString(2),
                row.GetBoolean(3)
            ),
            cancellationToken,
            (long)tree.Oid
        );
        List<Finding> findings = [];
        var more = given
            .Where(privilege => privilege.IsMore)
            .GroupBy(privilege => (privilege.Partition, privilege.Grantee))
            .GroupBy(
                of => (of.Key.Grantee, Names: string.Join(", ", of.Select(privilege => privilege.Name))),
                of => of.Key.Partition
            );
        foreach (var equal in more)
        {
            QualifiedName[] partitions = Named(tree, partition => equal.Contains(partition.Oid));
            findings.Add(
                new Finding(
                    "partition-privileges",
                    FindingSeverity.Info,
                    List(partitions),
                    $"{equal.Key.Grantee} has {equal.Key.Names} there, which {tree.Table} does not give",
                    $"if it is not meant: REVOKE {equal.Key.Names} ON {partitions[0]} FROM {equal.Key.Grantee}"
                )
            );
        }
        HashSet<uint> open = [.. given.Select(privilege => privilege.Partition)];
        QualifiedName[] bare = tree.HasRowSecurity
            ? Named(tree, partition => !partition.HasRowSecurity && open.Contains(partition.Oid))
            : [];
        if (bare.Length > 0)
        {
            findings.Add(
                new Finding(
                    "partition-row-security",
                    FindingSeverity.Info,
                    List(bare),
                    $"row security is off there and on for {tree.Table}: a role with privileges that names the "
                        + "partition reads past the table's policies",
                    $"if it is not meant: ALTER TABLE {bare[0]} ENABLE ROW LEVEL SECURITY, after which it shows no row "
                        + "to whoever names it"
                )
            );
        }
        return findings;
    }

    private static QualifiedName[] Named(PartitionTree tree, Func<Partition, bool> isOne) =>
        [.. tree.Partitions.Where(isOne).Select(partition => partition.Name)];

    private static string List(QualifiedName[] partitions) =>
        partitions.Length == 1 ? $"{partitions[0]}" : $"{partitions[0]} and {partitions.Length - 1} more";
}
