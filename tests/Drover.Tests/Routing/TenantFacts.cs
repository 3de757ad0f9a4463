// The catalogs of the tests' shop, with tables of tenants in schemas of their own.
using System.Collections.Immutable;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Tests.Routing;

internal sealed class TenantFacts : ICatalogFacts
{
    private static readonly ShopFacts s_shop = new();

    private static readonly Dictionary<(string, string), RelationFacts> s_relations = new[]
    {
        Table("acme", "bills"),
        Table("acme", "lines"),
        Table("globex", "bills"),
        Table("local", "bills"),
        View("open_bills", "SELECT id FROM acme.bills"),
        View("catalog", "SELECT id FROM public.products"),
        new RelationFacts("acme", "bills_id_seq", RelationKind.Other, []) { Owner = ("acme", "bills") },
        new RelationFacts("public", "solo", RelationKind.Other, []),
    }.ToDictionary(static relation => (relation.Schema, relation.Name));

    private static readonly HashSet<(string, string)> s_objects =
    [
        ("acme", "total"),
        ("acme", "slug"),
        ("public", "slug"),
        ("public", "total_of"),
    ];

    public ImmutableArray<string> RoleSchemas => s_shop.RoleSchemas;

    public bool IsComplete => true;

    public bool HasSchema(string schema) => schema is "public" or "app" or "acme" or "globex" or "local" or "alice";

    public bool HasObject(string schema, string name) => s_objects.Contains((schema, name));

    public FunctionVolatility? Volatility(string schema, string name, int arguments) =>
        (schema, name) switch
        {
            ("acme", "slug") => FunctionVolatility.Immutable,
            ("acme", "total") => FunctionVolatility.Stable,
            _ => s_shop.Volatility(schema, name, arguments),
        };

    public RelationKind? Relation(string schema, string name) => Describe(schema, name)?.Kind;

    public bool? HasColumn(string schema, string name, string column) =>
        Describe(schema, name) is { } relation ? relation.Column(column) is not null : null;

    public RelationFacts? Describe(string schema, string name) =>
        s_relations.GetValueOrDefault((schema, name)) ?? s_shop.Describe(schema, name);

    public bool MayTouchTables(string schema, string name, int arguments) =>
        s_shop.MayTouchTables(schema, name, arguments);

    private static RelationFacts View(string name, string query) =>
        Table("acme", name) with
        {
            Kind = RelationKind.View,
            Definition = query,
            Query = PgQueryLibrary
                .Instance?.Parse(ParserText.Of(Encoding.UTF8.GetBytes(query)), NodeReader.Read, out _)
                ?.Statements[0]
                .Child("stmt"),
        };

    private static RelationFacts Table(string schema, string name) =>
        new(
            schema,
            name,
            RelationKind.Table,
            [new ColumnFacts("id", 20), new ColumnFacts("product", 20), new ColumnFacts("bill", 20)]
        );
}
