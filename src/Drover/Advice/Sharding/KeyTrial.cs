// The measured statements, routed as the proxy would if the database were sharded by a key.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology.Keys;

namespace Drover.Advice.Sharding;

/// <summary>Where a statement would run.</summary>
internal enum ShardingTier
{
    /// <summary>On one shard.</summary>
    One,

    /// <summary>On the first shard: its tables would stay there.</summary>
    Home,

    /// <summary>On several, and the proxy puts their answers together, or writes to each.</summary>
    Several,

    /// <summary>On the coordinator, which fetches rows.</summary>
    Coordinator,

    /// <summary>Nowhere: it would have to be changed.</summary>
    Refused,
}

/// <summary>A statement, and where it would run.</summary>
/// <param name="Load">The statement.</param>
/// <param name="Tier">Where.</param>
/// <param name="Reason">Why it is refused; else empty.</param>
internal sealed record RoutedLoad(StatementLoad Load, ShardingTier Tier, string Reason);

/// <summary>
/// By the same parser, planner and router as the proxy's. The values are made up, another one for each parameter, so
/// two keys in one statement are two tenants; statements that name no table of the user are left out.
/// </summary>
internal static class KeyTrial
{
    /// <summary>Routes all statements.</summary>
    /// <param name="candidate">The key.</param>
    /// <param name="facts">The database.</param>
    /// <param name="catalog">Its relations and functions.</param>
    /// <param name="parser">Reads SQL.</param>
    /// <param name="shards">How many shards.</param>
    public static async Task<IReadOnlyList<RoutedLoad>> RunAsync(
        KeyCandidate candidate,
        ShardingFacts facts,
        ICatalogFacts catalog,
        ISqlParser parser,
        int shards
    )
    {
        StatementRouter router = new(parser);
        router.Publish(candidate.Map(shards));
        router.Publish(catalog);
        List<RoutedLoad> routed = [];
        foreach (StatementLoad load in facts.Statements)
        {
            byte[] sql = Encoding.UTF8.GetBytes(load.Text);
            LearntStatement learnt = await router.LearnAsync(sql, facts.SearchPath);
            if (learnt.Plan.Statements.Any(static statement => statement.Tables.Any(SpreadRules.IsOfUser)))
            {
                routed.Add(Route(load, sql, learnt, candidate.Type));
            }
        }
        return routed;
    }

    private static RoutedLoad Route(StatementLoad load, byte[] sql, LearntStatement learnt, KeyType type)
    {
        // Whether a parameter is a key or a list of keys is told by which of them makes sense.
        RoutedLoad best = RouteWith(load, sql, learnt, number => ValueOf(type, number));
        if (best.Tier is ShardingTier.One or ShardingTier.Home)
        {
            return best;
        }
        RoutedLoad listed = RouteWith(load, sql, learnt, number => $"{{{ValueOf(type, number)}}}");
        return listed.Tier < best.Tier ? listed : best;
    }

    private static RoutedLoad RouteWith(StatementLoad load, byte[] sql, LearntStatement learnt, Func<int, string> value)
    {
        Route route = learnt.Resolve(sql, new BoundValues(Values(sql, value), []));
        StatementPlan plan = learnt.Plan;
        ShardingTier tier = route.Kind switch
        {
            RouteKind.One or RouteKind.Any => ShardingTier.One,
            RouteKind.Home => ShardingTier.Home,
            RouteKind.Refused when plan.MayCoordinate => ShardingTier.Coordinator,
            RouteKind.Refused => ShardingTier.Refused,
            _ when plan.Merge is not null || plan.Spread != Spread.None => ShardingTier.Several,
            _ when plan.MayCoordinate => ShardingTier.Coordinator,
            _ => ShardingTier.Refused,
        };
        string reason =
            tier != ShardingTier.Refused ? ""
            : route.Refusal is { } refusal ? refusal.Message
            : "it cannot be run on several shards";
        return new RoutedLoad(load, tier, reason);
    }

    /// <summary>What follows the names in a Bind.</summary>
    private static byte[] Values(byte[] sql, Func<int, string> value)
    {
        int count = 0;
        SqlLexer lexer = new(sql);
        while (lexer.Next())
        {
            bool isOne = lexer.Kind == LexemeKind.Parameter;
            if (isOne && int.TryParse(lexer.Text[1..], CultureInfo.InvariantCulture, out int number))
            {
                count = Math.Max(count, number);
            }
        }
        using MemoryStream values = new();
        Span<byte> word = stackalloc byte[sizeof(int)];
        WriteCount(0, word);
        WriteCount(count, word);
        for (int i = 1; i <= count; i++)
        {
            byte[] text = Encoding.UTF8.GetBytes(value(i));
            BinaryPrimitives.WriteInt32BigEndian(word, text.Length);
            values.Write(word);
            values.Write(text);
        }
        WriteCount(0, word);
        return values.ToArray();

        void WriteCount(int number, Span<byte> place)
        {
            BinaryPrimitives.WriteUInt16BigEndian(place, (ushort)number);
            values.Write(place[..sizeof(ushort)]);
        }
    }

    private static string ValueOf(KeyType type, int number) =>
        type switch
        {
            KeyType.Uuid => $"00000000-0000-4000-8000-{number:x12}",
            KeyType.Date => new DateTime(2020, 1, 1)
                .AddDays(number)
                .ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            _ => number.ToString(CultureInfo.InvariantCulture),
        };
}
