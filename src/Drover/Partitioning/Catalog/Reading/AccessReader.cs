// Grants on relations, columns, sequences and functions; policies.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class AccessReader
{
    private const string Grants = """
        SELECT CASE WHEN g.grantee = 0 THEN NULL ELSE pg_get_userbyid(g.grantee)::text END, g.privilege_type,
               g.is_grantable, pg_get_userbyid(g.grantor)::text
        """;

    // The owner's own first: what others grant on needs it. Within a grantor, by name.
    private const string InOrder = " ORDER BY g.grantor <> o.owner, 4, 1 NULLS FIRST, 2";

    private const string Columns = """
        SELECT a.attname, CASE WHEN g.grantee = 0 THEN NULL ELSE pg_get_userbyid(g.grantee)::text END, g.privilege_type,
               g.is_grantable, pg_get_userbyid(g.grantor)::text
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) g
        WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum, g.grantor <> c.relowner, 5, 2 NULLS FIRST, 3
        """;

    private const string Policies = """
        SELECT p.polname, n.nspname, r.relname,
               CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                    ELSE 'ALL' END,
               p.polpermissive,
               (SELECT array_agg(CASE WHEN k.id <> 0 THEN pg_get_userbyid(k.id)::text END ORDER BY k.n)
                FROM unnest(p.polroles) WITH ORDINALITY k(id, n)),
               pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
               obj_description(p.oid, 'pg_policy')
        FROM pg_policy p JOIN pg_class r ON r.oid = p.polrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        """;

    /// <summary>Grants on a relation; a sequence's default differs from a table's.</summary>
    public static Task<AccessList> ReadRelationAsync(CatalogQuery query, uint relation, bool isSequence = false) =>
        ReadAsync(query, relation, "pg_class", "relacl", "relowner", isSequence ? 's' : 'r');

    public static Task<AccessList> ReadFunctionAsync(CatalogQuery query, uint function) =>
        ReadAsync(query, function, "pg_proc", "proacl", "proowner", 'f');

    /// <summary>Grants on single columns, by the column's name.</summary>
    public static async Task<ILookup<string, Grant>> ReadColumnsAsync(CatalogQuery query, uint relation)
    {
        ImmutableArray<(string Column, Grant Grant)> grants = await query.ListAsync(
            Columns,
            relation,
            row => (row.GetString(0), ReadGrant(row, 1))
        );
        return grants.ToLookup(grant => grant.Column, grant => grant.Grant);
    }

    public static Task<ImmutableArray<PolicyDescription>> ListPoliciesAsync(CatalogQuery query, uint table) =>
        query.ListAsync($"{Policies} WHERE p.polrelid = $1 ORDER BY p.polname", table, ReadPolicy);

    public static Task<PolicyDescription?> FindPolicyAsync(CatalogQuery query, uint policy) =>
        query.FindAsync($"{Policies} WHERE p.oid = $1", policy, ReadPolicy);

    private static async Task<AccessList> ReadAsync(
        CatalogQuery query,
        uint oid,
        string catalog,
        string acl,
        string owner,
        char kind
    )
    {
        string from = $"""
            FROM (SELECT {owner} AS owner, {acl} AS acl FROM {catalog} WHERE oid = $1) o,
                 aclexplode(coalesce(o.acl, acldefault('{kind}', o.owner))) g
            """;
        bool isDefault = await query.FindAsync(
            $"SELECT {acl} IS NULL FROM {catalog} WHERE oid = $1",
            oid,
            row => row.GetBoolean(0)
        );
        return new AccessList(
            isDefault,
            await query.ListAsync($"{Grants} {from}{InOrder}", oid, row => ReadGrant(row, 0))
        );
    }

    private static Grant ReadGrant(NpgsqlDataReader row, int at) =>
        new(row.TextOrNull(at), row.GetString(at + 1), row.GetBoolean(at + 2), row.GetString(at + 3));

    private static PolicyDescription ReadPolicy(NpgsqlDataReader row) =>
        new()
        {
            Name = row.GetString(0),
            Table = row.Name(1, 2),
            Command = row.GetString(3),
            IsPermissive = row.GetBoolean(4),
            Roles = row.TextsOrNulls(5),
            Using = row.TextOrNull(6),
            WithCheck = row.TextOrNull(7),
            Comment = row.TextOrNull(8),
        };
}
