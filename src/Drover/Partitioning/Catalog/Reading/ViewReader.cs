// Views and materialized views.
using System.Collections.Immutable;

namespace Drover.Partitioning.Catalog.Reading;

internal static class ViewReader
{
    private const string View = """
        SELECT n.nspname, c.relname, c.relkind = 'm', c.relpersistence::text, pg_get_userbyid(c.relowner)::text,
               pg_get_viewdef(c.oid), c.reloptions, obj_description(c.oid, 'pg_class'), c.relispopulated,
               am.amname::text, ts.spcname::text,
               CASE WHEN c.relkind = 'm' THEN coalesce(pg_table_size(c.oid), 0) ELSE 0 END,
               (SELECT e.extname::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                  AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
        WHERE c.oid = $1
        """;

    private const string Columns = """
        SELECT a.attname, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum),
               CASE WHEN a.attstattarget >= 0 THEN a.attstattarget::int END, a.atttypid
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
        """;

    private const string ConstraintName = "SELECT conname FROM pg_constraint WHERE oid = $1";

    public static async Task<ViewDescription> ReadAsync(CatalogQuery query, DependencyGraph graph, CatalogObject view)
    {
        ILookup<string, Grant> grants = await AccessReader.ReadColumnsAsync(query, view.Oid);
        HashSet<uint> columnTypes = [];
        ImmutableArray<ViewColumn> columns = await query.ListAsync(
            Columns,
            view.Oid,
            row =>
            {
                columnTypes.Add(row.GetFieldValue<uint>(4));
                string name = row.GetString(0);
                return new ViewColumn(name, row.TextOrNull(1), row.TextOrNull(2), [.. grants[name]], row.IntOrNull(3));
            }
        );
        ViewDescription description = (
            await query.FindAsync(
                View,
                view.Oid,
                row => new ViewDescription
                {
                    Oid = view.Oid,
                    Name = row.Name(0, 1),
                    IsMaterialized = row.GetBoolean(2),
                    Persistence = row.Persistence(3),
                    Owner = row.GetString(4),
                    Query = row.GetString(5).TrimEnd().TrimEnd(';'),
                    Options = row.Texts(6),
                    Comment = row.TextOrNull(7),
                    IsPopulated = row.GetBoolean(8),
                    AccessMethod = row.TextOrNull(9),
                    Tablespace = row.TextOrNull(10),
                    SizeBytes = row.GetInt64(11),
                    Extension = row.TextOrNull(12),
                    Access = new AccessList(IsDefault: true, []),
                    Columns = columns,
                    IsBound = graph.IsBound(view),
                    UsesFunctionOverRows = graph.UsesFunctionOverRows(view),
                    UsesRowType = columnTypes.Any(type => graph.IsMoving(new CatalogObject("pg_type", type))),
                }
            )
        )!;
        return description with
        {
            Access = await AccessReader.ReadRelationAsync(query, view.Oid),
            Constraints = await ReadConstraintsAsync(query, graph, view),
            Indexes = description.IsMaterialized ? await IndexReader.ListAsync(query, view.Oid) : [],
        };
    }

    private static async Task<ImmutableArray<string>> ReadConstraintsAsync(
        CatalogQuery query,
        DependencyGraph graph,
        CatalogObject view
    )
    {
        List<string> names = [];
        foreach (CatalogObject thing in graph.DependsOn(view).Where(thing => thing.Class == "pg_constraint").Distinct())
        {
            names.AddRange(await query.ListAsync(ConstraintName, thing.Oid, row => row.GetString(0)));
        }
        return [.. names.Order(StringComparer.Ordinal)];
    }
}
