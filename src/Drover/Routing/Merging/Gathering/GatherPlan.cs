// How an aggregate that gathers values is made of what the shards have gathered.
using System.Collections.Immutable;

namespace Drover.Routing.Merging.Gathering;

/// <summary>What the values become.</summary>
internal enum GatherForm
{
    /// <summary>array_agg.</summary>
    Array,

    /// <summary>string_agg of texts with one delimiter.</summary>
    Text,

    /// <summary>json_agg.</summary>
    Json,

    /// <summary>jsonb_agg.</summary>
    Jsonb,

    /// <summary>json_object_agg, which keeps every pair.</summary>
    JsonObject,
}

/// <summary>One of the keys by which values are ordered.</summary>
/// <param name="TypeOid">Its type.</param>
/// <param name="IsByBytes">If it is text, it is ordered by its bytes.</param>
/// <param name="IsDescending">From the greatest on.</param>
/// <param name="HasNullsFirst">NULL comes before every value.</param>
internal readonly record struct GatherKey(uint TypeOid, bool IsByBytes, bool IsDescending, bool HasNullsFirst);

/// <summary>
/// Without keys the order of the values is nobody's, and what the shards have gathered is put one behind the other.
/// With keys each shard is asked for the values and their keys as arrays in that order.
/// </summary>
/// <param name="Form">What they become.</param>
/// <param name="Keys">Their order.</param>
/// <param name="IsDistinct">Of equals one; the only key is the value.</param>
/// <remarks>https://www.postgresql.org/docs/18/sql-expressions.html#SYNTAX-AGGREGATES</remarks>
internal sealed record GatherPlan(GatherForm Form, ImmutableArray<GatherKey> Keys, bool IsDistinct)
{
    /// <summary>A column has what stands between the values.</summary>
    public bool HasDelimiter => Form == GatherForm.Text;

    /// <summary>A column has the values as an array, where the aggregate itself is none.</summary>
    public bool HasValues => Form != GatherForm.Array && !Keys.IsEmpty;

    /// <summary>Columns that only the proxy sees: delimiter, values, then an array for each key.</summary>
    public int Parts => (HasDelimiter ? 1 : 0) + (HasValues ? 1 : 0) + Keys.Length;

    /// <summary>Where the keys' arrays begin among them.</summary>
    public int KeysAt => Parts - Keys.Length;
}
