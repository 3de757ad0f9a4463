// The types of what PostgreSQL's own aggregates give, where the call alone tells.
using Drover.Sql.Parsing;

namespace Drover.Routing.Merging;

internal static class AggregateTypes
{
    /// <summary>The type's OID; 0 if it is not known.</summary>
    /// <param name="call">A function call.</param>
    public static uint Of(SqlNode call) =>
        call.Names("funcname") is ["count"] or ["pg_catalog", "count"] ? SortOrder.Int8 : 0;
}
