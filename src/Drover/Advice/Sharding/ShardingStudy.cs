// By which key a database would best be sharded, from its own statements.
using Drover.Routing.Catalogs;
using Drover.Sharding.Catalog;
using Drover.Sql.Parsing;
using Npgsql;

namespace Drover.Advice.Sharding;

/// <summary>What sharding by a key would do.</summary>
/// <param name="Candidate">The key.</param>
/// <param name="Statements">The measured statements, and where each would run.</param>
/// <param name="Obstacles">What would have to change first.</param>
/// <param name="Spread">How the rows are spread over the keys where one key has the most of them; null if no table was
/// analyzed.</param>
internal sealed record KeyStudy(
    KeyCandidate Candidate,
    IReadOnlyList<RoutedLoad> Statements,
    IReadOnlyList<string> Obstacles,
    KeySpread? Spread
)
{
    /// <summary>Share of the calls that would run on a tier; 0 without statements.</summary>
    public double CallsOf(ShardingTier tier) => Share(tier, static load => load.Calls);

    /// <summary>Share of the time that is spent in statements of a tier.</summary>
    public double TimeOf(ShardingTier tier) => Share(tier, static load => load.Milliseconds);

    /// <summary>
    /// What orders keys: the time that becomes single-shard, less what cannot run at all, over the bytes that leave
    /// the one server.
    /// </summary>
    public double Worth =>
        (TimeOf(ShardingTier.One) - TimeOf(ShardingTier.Refused))
        * Candidate.ShardedBytes
        / Math.Max(1, Candidate.ShardedBytes + Candidate.Left.Sum(static table => table.Bytes));

    private double Share(ShardingTier tier, Func<StatementLoad, double> amount)
    {
        double all = Statements.Sum(one => amount(one.Load));
        return all <= 0 ? 0 : Statements.Where(one => one.Tier == tier).Sum(one => amount(one.Load)) / all;
    }
}

/// <summary>Reads only. Needs libpg_query, as a sharded database does.</summary>
internal static class ShardingStudy
{
    /// <summary>Statements that are routed, those with the most time.</summary>
    public const int StatementsMax = 5_000;

    /// <summary>Studies every key that could be, the best first.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="library">Reads SQL.</param>
    /// <param name="shards">How many shards.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<(ShardingFacts Facts, IReadOnlyList<KeyStudy> Keys)> RunAsync(
        NpgsqlConnection connection,
        PgQueryLibrary library,
        int shards,
        CancellationToken cancellation
    )
    {
        ShardingFacts facts = await ShardingFacts.ReadAsync(connection, StatementsMax, cancellation);
        using ParserThreads threads = new();
        PostgresParser parser = new(library, threads);
        CatalogFactsSnapshot catalog = await ReadAsync(connection, parser, cancellation);
        List<KeyStudy> studies = [];
        foreach (KeyCandidate candidate in KeyCandidate.Find(facts))
        {
            cancellation.ThrowIfCancellationRequested();
            studies.Add(
                new KeyStudy(
                    candidate,
                    await KeyTrial.RunAsync(candidate, facts, catalog, parser, shards),
                    [.. candidate.Obstacles(facts)],
                    await SpreadAsync(connection, candidate, cancellation)
                )
            );
        }
        return (facts, [.. studies.OrderByDescending(static one => one.Worth)]);
    }

    /// <summary>Of the largest tables, the one of which a single key has the most bytes.</summary>
    private static async Task<KeySpread?> SpreadAsync(
        NpgsqlConnection connection,
        KeyCandidate candidate,
        CancellationToken cancellation
    )
    {
        const int TablesMax = 20;
        List<KeySpread> spreads = [];
        foreach (
            (TableShape table, KeyColumn column) in candidate
                .Sharded.OrderByDescending(static one => one.Table.Bytes)
                .Take(TablesMax)
        )
        {
            if (await ShardingFacts.SpreadAsync(connection, table, column.Name, cancellation) is { } spread)
            {
                spreads.Add(spread);
            }
        }
        return spreads.MaxBy(static one => one.LargestShare * one.Table.Bytes);
    }

    private static async Task<CatalogFactsSnapshot> ReadAsync(
        NpgsqlConnection connection,
        ISqlParser parser,
        CancellationToken cancellation
    )
    {
        CatalogPart all = await CatalogFactsReader.ReadAsync(connection, parser, [], isWithin: false, cancellation);
        List<(string Name, bool IsOfRole)> schemas = await CatalogFactsReader.SchemasAsync(connection, cancellation);
        return new CatalogFactsSnapshot(
            [all],
            schemas.Select(static one => one.Name),
            [.. schemas.Where(static one => one.IsOfRole).Select(static one => one.Name)]
        );
    }
}
