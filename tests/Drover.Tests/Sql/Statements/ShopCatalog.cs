// What the tests' catalogs know, and facts as text.
using Drover.Sql.Statements;

namespace Drover.Tests.Sql.Statements;

/// <summary>A shop: orders and items by customer, customers, products; a view; some functions.</summary>
internal sealed class ShopCatalog : ICatalogFacts
{
    private static readonly Dictionary<string, string[]> Tables = new()
    {
        ["orders"] = ["id", "customer_id", "status", "total", "created_at"],
        ["items"] = ["id", "order_id", "customer_id", "product_id"],
        ["customers"] = ["id", "name"],
        ["products"] = ["id", "title"],
        ["t"] = ["k", "a", "b"],
        ["u"] = ["k", "c"],
    };

    public static ShopCatalog Instance { get; } = new();

    public FunctionVolatility? Volatility(string schema, string name, int arguments) =>
        name switch
        {
            "lower" or "count" or "sum" or "max" or "f" or "date_trunc" or "generate_series" =>
                FunctionVolatility.Immutable,
            "now" or "current_setting" => FunctionVolatility.Stable,
            "nextval" or "random" or "pg_advisory_xact_lock" => FunctionVolatility.Volatile,
            _ => null,
        };

    public RelationKind? Relation(string schema, string name) =>
        Tables.ContainsKey(name) ? RelationKind.Table
        : name == "recent_orders" ? RelationKind.View
        : null;

    public bool? HasColumn(string schema, string name, string column) =>
        Tables.TryGetValue(name, out string[]? columns) ? columns.Contains(column) : null;
}

/// <summary>Facts in one line, for comparing and reading.</summary>
internal static class FactsText
{
    public static string Of(StatementFacts facts)
    {
        string Table(int index) => facts.Tables[index].Alias;
        string[] parts =
        [
            $"{facts.Kind} {facts.Access}",
            string.Join(", ", facts.Tables.Select(static table => $"{table.Name}{(table.IsWritten ? "!" : "")}")),
            string.Join(", ", facts.Functions.Select(static function => $"{function.Name}/{function.Arguments}")),
            string.Join(", ", facts.RowLocks),
            string.Join(
                ", ",
                facts.Predicates.Select(one => $"{Table(one.Table)}.{one.Column}={Sources(one.Sources)}")
            ),
            string.Join(
                ", ",
                facts.Equalities.Select(one =>
                    $"{Table(one.Table)}.{one.Column}{(one.IsMutual ? "=" : ">")}"
                    + $"{Table(one.OtherTable)}.{one.OtherColumn}"
                )
            ),
            string.Join(", ", facts.Assignments.Select(static one => $"{one.Column}:={Sources([one.Source])}")),
            facts.Inserted is null
                ? ""
                : $"({string.Join(",", facts.Inserted.Columns)})"
                    + string.Join(",", facts.Inserted.Values.Select(static column => Sources(column))),
            string.Join(", ", facts.Unknowns),
        ];
        return string.Join(" | ", parts.Where(static part => part.Length > 0));
    }

    private static string Sources(IEnumerable<ValueSource> sources) =>
        string.Join(
            '/',
            sources.Select(static source =>
                source.Kind switch
                {
                    ValueSourceKind.Slot => $"#{source.Number}",
                    ValueSourceKind.ArraySlot => $"[#{source.Number}]",
                    ValueSourceKind.Parameter => $"${source.Number}",
                    ValueSourceKind.ArrayParameter => $"[${source.Number}]",
                    _ => source.Kind.ToString(),
                } + (source.Cast.Length > 0 ? $"::{source.Cast}" : "")
            )
        );
}
