// An INSERT of many rows, divided by the shards that they belong on.
using System.Buffers;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;

namespace Drover.Sessions.Sharded;

/// <summary>What each shard gets.</summary>
/// <param name="Shards">Their numbers, ascending.</param>
/// <param name="Texts">The statement with its rows.</param>
/// <param name="Places">The places that its rows had among all.</param>
internal sealed record SplitInsert(
    IReadOnlyList<int> Shards,
    IReadOnlyList<ReadOnlyMemory<byte>> Texts,
    IReadOnlyList<IReadOnlyList<int>> Places
)
{
    /// <summary>Divides a statement: a row goes where an INSERT of it alone would.</summary>
    /// <param name="call">The statement.</param>
    /// <param name="reader">Routes texts.</param>
    /// <returns>Null if it cannot be divided by its text.</returns>
    public static async ValueTask<SplitInsert?> MakeAsync(StatementCall call, UnitReader reader)
    {
        ReadOnlyMemory<byte> text = call.Text;
        List<Range> rows = [];
        if (!InsertRows.TryFind(text.Span, rows))
        {
            return null;
        }
        int first = rows[0].Start.Value;
        int behind = rows[^1].End.Value;
        SortedDictionary<int, List<int>> places = [];
        for (int i = 0; i < rows.Count; i++)
        {
            byte[] alone = [.. text.Span[..first], .. text.Span[rows[i]], .. text.Span[behind..]];
            Route route = await reader.RouteAsync(alone, call);
            if (route.Kind is not (RouteKind.One or RouteKind.Home))
            {
                return null;
            }
            if (!places.TryGetValue(route.Shard, out List<int>? known))
            {
                places.Add(route.Shard, known = []);
            }
            known.Add(i);
        }
        return new SplitInsert(
            [.. places.Keys],
            [.. places.Values.Select(some => Part(text.Span, rows, some, first, behind))],
            [.. places.Values]
        );
    }

    /// <summary>
    /// The order that the rows had among all: a shard returns its own in theirs, unless some were left out.
    /// </summary>
    public IEnumerable<byte[]> InOrder(IReadOnlyList<List<byte[]>> returned)
    {
        bool areAllThere = !Places.Where((places, i) => places.Count != returned[i].Count).Any();
        return areAllThere
            ? Places
                .SelectMany((places, i) => places.Select((place, k) => (Place: place, Row: returned[i][k])))
                .OrderBy(static one => one.Place)
                .Select(static one => one.Row)
            : returned.SelectMany(static one => one);
    }

    private static ReadOnlyMemory<byte> Part(
        ReadOnlySpan<byte> text,
        List<Range> rows,
        List<int> some,
        int first,
        int behind
    )
    {
        ArrayBufferWriter<byte> part = new();
        part.Write(text[..first]);
        for (int i = 0; i < some.Count; i++)
        {
            if (i > 0)
            {
                part.Write(", "u8);
            }
            part.Write(text[rows[some[i]]]);
        }
        part.Write(text[behind..]);
        return part.WrittenMemory;
    }
}
