// Whether a value is cast to types of PostgreSQL's own only.
using System.Collections.Immutable;
using Drover.Sql.Parsing;

namespace Drover.Routing.Merging;

internal static class OwnTypes
{
    /// <summary>Names that mean PostgreSQL's own types where no schema is given: pg_catalog comes first.</summary>
    private static readonly ImmutableHashSet<string> s_names =
    [
        .. (string[])["text", "varchar", "bpchar", "bool", "int2", "int4", "int8", "float4", "float8", "numeric"],
        .. (string[])["date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "bytea", "json"],
        .. (string[])["jsonb", "xml", "inet", "cidr", "macaddr", "oid", "name", "money", "bit", "varbit"],
    ];

    /// <summary>Looks at every cast in an expression.</summary>
    public static bool AreAll(SqlNode value) =>
        (value.Kind != "TypeName" || IsOwn(value.Names("names"))) && value.Children().All(AreAll);

    private static bool IsOwn(ImmutableArray<string> names) =>
        names is ["pg_catalog", _] || (names is [var name] && s_names.Contains(name));
}
