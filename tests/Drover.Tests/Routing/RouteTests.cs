// Where each statement of a corpus runs: what decides, and what is refused with which reason.
using Drover.Sql.Parsing;

namespace Drover.Tests.Routing;

/// <summary>
/// In the corpora a line is an expected route, a bar and a statement. Routes: <c>42</c> is the shard of that customer,
/// <c>42,43</c> those of several (all of them different), and else the word of the kind, or a part of the reason.
/// </summary>
public sealed class RouteTests : IDisposable
{
    private readonly RoutingStage _stage = new();
    private readonly RoutingStage _ranged = new(RoutingStage.RangedMap);

    public RouteTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose()
    {
        _stage.Dispose();
        _ranged.Dispose();
    }

    public static TheoryData<string, string> Corpus(string name)
    {
        TheoryData<string, string> data = [];
        string path = Path.Combine(Repository.Root, "tests", "corpus", "routing", name);
        foreach (string line in File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#'))
        {
            string[] parts = line.Split('|', 2, StringSplitOptions.TrimEntries);
            data.Add(parts[1], parts[0]);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Corpus), "queries.txt")]
    public Task Query_has_its_route(string sql, string expected) => HoldsAsync(sql, expected);

    [Theory]
    [MemberData(nameof(Corpus), "writes.txt")]
    public Task Write_has_its_route(string sql, string expected) => HoldsAsync(sql, expected);

    [Theory]
    [MemberData(nameof(Corpus), "others.txt")]
    public Task Other_statement_has_its_route(string sql, string expected) => HoldsAsync(sql, expected);

    private async Task HoldsAsync(string sql, string expected)
    {
        string path = "public";
        if (sql.StartsWith('['))
        {
            int end = sql.IndexOf(']', StringComparison.Ordinal);
            path = sql[1..end];
            sql = sql[(end + 1)..].Trim();
        }
        await HoldsAsync(_stage, sql, path, expected);
        await HoldsAsync(_ranged, sql, path, expected);
    }

    private static async Task HoldsAsync(RoutingStage stage, string sql, string path, string expected)
    {
        string route = await stage.RouteOfAsync(sql, path);
        if (expected.StartsWith("refused", StringComparison.Ordinal))
        {
            Assert.StartsWith("refused", route, StringComparison.Ordinal);
            Assert.Contains(expected["refused".Length..].Trim(), route, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(
            char.IsLetter(expected[0]) && !expected.Contains(':', StringComparison.Ordinal)
                ? expected
                : stage.ShardsOf(expected),
            route
        );
    }
}
