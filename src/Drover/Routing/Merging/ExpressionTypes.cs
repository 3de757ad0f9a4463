// What type an expression has, as far as its own words and the catalogs tell.
using System.Collections.Immutable;
using Drover.Routing.Merging.Gathering;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

/// <summary>
/// Says less than PostgreSQL knows, and nothing that it does not: what the answer then has decides
/// (<see cref="RowCombiner"/>).
/// </summary>
internal sealed class ExpressionTypes(ImmutableArray<NamedTable> tables)
{
    private static readonly ImmutableHashSet<string> s_exactNames = ["int2", "int4", "int8", "numeric"];

    private static readonly ImmutableHashSet<string> s_textNames = ["text", "varchar"];

    private static readonly ImmutableHashSet<string> s_operators = ["+", "-", "*", "/", "%"];

    /// <summary>Types to which a cast leads, where all values that are equal are also written alike.</summary>
    private static readonly ImmutableDictionary<string, uint> s_casts = new Dictionary<string, uint>
    {
        ["bool"] = SortOrder.Bool,
        ["int2"] = SortOrder.Int2,
        ["int4"] = SortOrder.Int4,
        ["int8"] = SortOrder.Int8,
        ["date"] = SortOrder.Date,
        ["timestamp"] = SortOrder.Timestamp,
        ["timestamptz"] = SortOrder.TimestampTz,
        ["uuid"] = SortOrder.Uuid,
    }.ToImmutableDictionary();

    /// <summary>What is known of a column.</summary>
    public ColumnFacts? ColumnOf(ColumnSource source) =>
        source.Table < 0 ? null : tables[source.Table].Relation?.Column(source.Column);

    /// <summary>Whether values are smallint, integer, bigint or numeric, whichever of them.</summary>
    /// <param name="node">A part of an expression.</param>
    /// <param name="whole">The expression.</param>
    public bool IsExact(SqlNode node, OutputValue whole) =>
        node.Kind switch
        {
            "ColumnRef" => ColumnOf(SourceOf(node, whole))?.TypeOid
                is SortOrder.Int2
                    or SortOrder.Int4
                    or SortOrder.Int8
                    or SortOrder.Numeric,
            "A_Const" => node.Has("ival") || node.Has("fval"),
            "TypeCast" => NameOf(node) is { } name && s_exactNames.Contains(name),
            "A_Expr" => node.Text("kind") == "AEXPR_OP"
                && node.Names("name") is [var sign]
                && s_operators.Contains(sign)
                && (node.Child("lexpr") is not { } left || IsExact(left, whole))
                && IsExact(node.Child("rexpr")!, whole),
            "CoalesceExpr" => node.List("args").All(one => IsExact(one, whole)),
            "CaseExpr" => node.List("args").All(when => IsExact(when.Child("result")!, whole))
                && (node.Child("defresult") is not { } other || IsExact(other, whole)),
            _ => false,
        };

    /// <summary>Whether values are surely integer or bigint, so that an integer beside them changes no type.</summary>
    /// <param name="node">A part of an expression.</param>
    /// <param name="whole">The expression.</param>
    public bool IsWhole(SqlNode node, OutputValue whole) =>
        node.Kind == "ColumnRef" && ColumnOf(SourceOf(node, whole))?.TypeOid is not (null or SortOrder.Int2);

    /// <summary>Whether values are surely numeric.</summary>
    /// <param name="node">A part of an expression.</param>
    /// <param name="whole">The expression.</param>
    public bool IsNumeric(SqlNode node, OutputValue whole) =>
        node.Kind switch
        {
            "ColumnRef" => ColumnOf(SourceOf(node, whole))?.TypeOid == SortOrder.Numeric,
            "TypeCast" => NameOf(node) == "numeric",
            "A_Expr" => IsExact(node, whole)
                && (
                    IsNumeric(node.Child("rexpr")!, whole)
                    || (node.Child("lexpr") is { } left && IsNumeric(left, whole))
                ),
            _ => false,
        };

    /// <summary>Whether values are of one of PostgreSQL's own types that is no array and no row.</summary>
    /// <param name="node">A part of an expression.</param>
    /// <param name="whole">The expression.</param>
    public bool IsScalar(SqlNode node, OutputValue whole) =>
        node.Kind switch
        {
            "ColumnRef" => ColumnOf(SourceOf(node, whole)) is { } column && ArrayTypes.Of(column.TypeOid) != 0,
            "TypeCast" => NameOf(node) is { } name && (s_casts.ContainsKey(name) || s_textNames.Contains(name)),
            _ => IsExact(node, whole),
        };

    /// <summary>Whether values are texts.</summary>
    /// <param name="node">A part of an expression.</param>
    /// <param name="whole">The expression.</param>
    public bool IsText(SqlNode node, OutputValue whole) =>
        node.Kind switch
        {
            "ColumnRef" => ColumnOf(SourceOf(node, whole))?.TypeOid is SortOrder.Text or SortOrder.Varchar,
            "TypeCast" => NameOf(node) is { } name && s_textNames.Contains(name),
            _ => false,
        };

    /// <summary>The type of an expression by which rows are grouped; 0 if it is not known.</summary>
    public uint OfGroup(OutputValue value) =>
        value.Node.Kind switch
        {
            "ColumnRef" => ColumnOf(SourceOf(value.Node, value))?.TypeOid ?? 0,
            "TypeCast" when NameOf(value.Node) is { } name => s_casts.GetValueOrDefault(name),
            "FuncCall" when value.Node.Names("funcname") is ["date_trunc"] or ["pg_catalog", "date_trunc"] => OfTrunc(
                value
            ),
            _ => 0,
        };

    /// <summary>The column that a part of an expression is.</summary>
    public static ColumnSource SourceOf(SqlNode node, OutputValue whole) =>
        whole.Columns.FirstOrDefault(one => ReferenceEquals(one.Node, node), new(node, ColumnSource.None)).Source;

    /// <remarks>https://www.postgresql.org/docs/18/functions-datetime.html#FUNCTIONS-DATETIME-TRUNC</remarks>
    private uint OfTrunc(OutputValue value) =>
        value.Node.List("args") is [_, { Kind: "ColumnRef" } of]
            ? ColumnOf(SourceOf(of, value))?.TypeOid switch
            {
                SortOrder.Timestamp => SortOrder.Timestamp,
                SortOrder.Date or SortOrder.TimestampTz => SortOrder.TimestampTz,
                _ => 0,
            }
            : 0;

    /// <summary>The name of PostgreSQL's own type that a cast leads to; null of another one, and of an array.</summary>
    private static string? NameOf(SqlNode cast) =>
        cast.Child("typeName") is { } type && !type.Has("arrayBounds") && !type.Flag("setof")
            ? type.Names("names") switch
            {
                ["pg_catalog", var name] => name,
                [var name] => name,
                _ => null,
            }
            : null;
}
