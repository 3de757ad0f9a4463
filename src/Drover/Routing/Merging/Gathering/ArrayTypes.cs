// PostgreSQL's own types of one value whose arrays have a comma between elements, with their arrays' types.
using System.Collections.Frozen;

namespace Drover.Routing.Merging.Gathering;

/// <remarks>src/include/catalog/pg_type.dat: oid, array_type_oid, typdelim</remarks>
internal static class ArrayTypes
{
    public const uint Text = 1009;
    public const uint Varchar = 1015;

    private static readonly FrozenDictionary<uint, uint> s_arrays = new Dictionary<uint, uint>
    {
        [SortOrder.Bool] = 1000,
        [SortOrder.Bytea] = 1001,
        [18] = 1002,
        [19] = 1003,
        [SortOrder.Int2] = 1005,
        [SortOrder.Int4] = 1007,
        [SortOrder.Text] = Text,
        [1042] = 1014,
        [SortOrder.Varchar] = Varchar,
        [SortOrder.Int8] = 1016,
        [SortOrder.Float4] = 1021,
        [SortOrder.Float8] = 1022,
        [SortOrder.Oid] = 1028,
        [829] = 1040,
        [869] = 1041,
        [650] = 651,
        [114] = 199,
        [3802] = 3807,
        [SortOrder.Timestamp] = 1115,
        [SortOrder.Date] = 1182,
        [1083] = 1183,
        [SortOrder.TimestampTz] = 1185,
        [1186] = 1187,
        [SortOrder.Numeric] = 1231,
        [1266] = 1270,
        [SortOrder.Uuid] = 2951,
    }.ToFrozenDictionary();

    private static readonly FrozenSet<uint> s_known = s_arrays.Values.ToFrozenSet();

    /// <summary>The type of a type's arrays; 0 if it is none of these.</summary>
    public static uint Of(uint type) => s_arrays.GetValueOrDefault(type);

    /// <summary>Whether it is the type of arrays of one of these.</summary>
    public static bool IsKnown(uint array) => s_known.Contains(array);
}
