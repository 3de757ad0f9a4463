// Catalogs with one table, for the benchmarks of routing.
using Drover.Sql.Statements;

namespace Drover.Benchmarks;

internal sealed class AccountFacts : ICatalogFacts
{
    private static readonly RelationFacts s_accounts = new(
        "public",
        "accounts",
        RelationKind.Table,
        [new ColumnFacts("aid", 20), new ColumnFacts("abalance", 23)]
    );

    public FunctionVolatility? Volatility(string schema, string name, int arguments) => null;

    public RelationKind? Relation(string schema, string name) => Describe(schema, name)?.Kind;

    public bool? HasColumn(string schema, string name, string column) =>
        Describe(schema, name)?.Columns.Any(one => one.Name == column);

    public RelationFacts? Describe(string schema, string name) =>
        (schema, name) is ("public", "accounts") ? s_accounts : null;
}
