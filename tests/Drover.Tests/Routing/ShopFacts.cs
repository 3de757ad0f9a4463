// What the catalogs of the tests' shop know.
using System.Collections.Immutable;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Tests.Routing;

internal sealed class ShopFacts : ICatalogFacts
{
    private static readonly string[] Immutables =
    [
        .. (string[])["lower", "count", "sum", "max", "coalesce", "length", "date_trunc", "generate_series", "int8"],
    ];

    private static readonly string[] Volatiles =
    [
        .. (string[])["nextval", "random", "pg_advisory_lock", "gen_random_uuid", "setval", "pg_notify", "pg_sleep"],
    ];

    private static readonly Dictionary<(string, string), RelationFacts> Relations = new[]
    {
        Table("public", "orders", ("id", 20), ("customer_id", 20), ("status", 25), ("total", 1700)),
        Table("public", "items", ("id", 20), ("order_id", 20), ("customer_id", 23), ("product_id", 20)),
        Table("app", "visits", ("customer_id", 20), ("at", 1184)),
        Table("public", "notes", ("tenant", 1043), ("body", 25)),
        Table("public", "codes", ("code", 1042), ("body", 25)),
        Table("public", "files", ("owner", 2950), ("name", 25)),
        Table("public", "prices", ("price", 1700), ("name", 25)),
        Table("public", "days", ("day", 1082), ("name", 25)),
        Table("public", "products", ("id", 20), ("title", 25), ("price", 1700), ("at", 1184)),
        Table("public", "customers", ("id", 20), ("name", 25), ("code", 1042), ("rate", 701)),
        Table("public", "settings", ("name", 25), ("value", 25), ("customer_id", 20)),
        Table("audit", "orders", ("id", 20), ("customer_id", 20)),
        Table("public", "ledger", ("customer_id", 1700), ("note", 25)),
        Table("pg_catalog", "pg_class", ("oid", 26), ("relname", 19)),
        View("recent", "SELECT id, customer_id AS c FROM public.orders WHERE status = 'new'", ("id", 20), ("c", 20)),
        View("tops", "SELECT id, customer_id AS c FROM public.orders ORDER BY id LIMIT 9", ("id", 20), ("c", 20)),
        View("plain", "SELECT id FROM public.settings_of", ("id", 20)),
        View("titles", "SELECT id, title FROM public.products", ("id", 20), ("title", 25)),
        View("firsts", "SELECT * FROM public.recent r WHERE r.c = 42", ("id", 20), ("c", 20)),
        Table("public", "orders_2024", ("id", 20), ("customer_id", 20)) with
        {
            Owner = ("public", "orders"),
        },
        Table("public", "orders_2024_1", ("id", 20), ("customer_id", 20)) with
        {
            Owner = ("public", "orders_2024"),
        },
        new RelationFacts("public", "orders_at", RelationKind.Other, []) { Owner = ("public", "orders") },
        new RelationFacts("public", "orders_id_seq", RelationKind.Other, []) { Owner = ("public", "orders") },
    }.ToDictionary(relation => (relation.Schema, relation.Name));

    public ImmutableArray<string> RoleSchemas => ["alice"];

    public bool IsComplete => true;

    public FunctionVolatility? Volatility(string schema, string name, int arguments) =>
        schema == "pg_catalog"
            ? Immutables.Contains(name)
                ? FunctionVolatility.Immutable
                : Volatiles.Contains(name)
                    ? FunctionVolatility.Volatile
                    : name is "now" or "current_setting" or "query_to_xml" or "lastval" or "currval"
                        ? FunctionVolatility.Stable
                        : null
            : (schema, name) is ("public", "total_of")
                ? FunctionVolatility.Stable
                : (schema, name) is ("public", "slug")
                    ? FunctionVolatility.Immutable
                    : null;

    public RelationKind? Relation(string schema, string name) => Describe(schema, name)?.Kind;

    public bool? HasColumn(string schema, string name, string column) =>
        Describe(schema, name) is { } relation ? relation.Column(column) is not null : null;

    public RelationFacts? Describe(string schema, string name) => Relations.GetValueOrDefault((schema, name));

    public bool MayTouchTables(string schema, string name, int arguments) => schema != "pg_catalog" && name != "slug";

    private static RelationFacts View(string name, string query, params (string Name, int Type)[] columns) =>
        Table("public", name, columns) with
        {
            Kind = RelationKind.View,
            Definition = query,
            Query = PgQueryLibrary
                .Instance?.Parse(ParserText.Of(Encoding.UTF8.GetBytes(query)), NodeReader.Read, out _)
                ?.Statements[0]
                .Child("stmt"),
        };

    private static RelationFacts Table(string schema, string name, params (string Name, int Type)[] columns) =>
        new(
            schema,
            name,
            RelationKind.Table,
            [.. columns.Select(column => new ColumnFacts(column.Name, (uint)column.Type, column.Name == "at"))]
        );
}
