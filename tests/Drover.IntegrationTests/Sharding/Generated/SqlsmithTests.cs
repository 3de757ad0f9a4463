// Statements that sqlsmith makes up of all of PostgreSQL's functions and types: the same answers, or a refusal.
using System.Diagnostics;
using System.Text.RegularExpressions;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Sessions;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>
/// Many of them have no certain answer. Two databases of one server, whose rows were put in in opposite orders, are
/// asked: what they do not agree on is left out.
/// </summary>
public sealed partial class SqlsmithTests(PostgresFixture postgres)
{
    private const int SeedOfStatements = 20261126;

    [Theory]
    [InlineData(15, 3)]
    public async Task Made_up_statements_are_answered_as_by_one_server(int major, int shards)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/sqlsmith"), "apt-get install sqlsmith");
        await using GeneratedStage stage = await GeneratedStage.StartAsync(postgres, major, shards, 1);
        string reversed = await GeneratedStage.CreateReversedAsync(postgres, major, 1);
        string user = await stage.CreateUserAsync(reversed);
        await using ScriptedClient one = await stage.ConnectSingleAsync(user);
        await using ScriptedClient other = await stage.ConnectAsync(user, reversed);
        await using ScriptedClient sharded = await stage.ConnectAsync(user, null);
        foreach (ScriptedClient client in (ScriptedClient[])[one, other, sharded])
        {
            await client.Query("SET statement_timeout = '2s'").RunAsync();
        }
        Dictionary<string, int> outcomes = [];
        Dictionary<string, int> reasons = [];
        List<string> different = [];
        foreach (string sql in await MakeUpAsync($"{stage.SingleAddress} user={user}", GeneratedStage.Count(400)))
        {
            string expected = await AskAsync(one, sql);
            string again = await AskAsync(other, sql);
            string answer = await AskAsync(sharded, sql);
            if (answer == "E(23502)" && expected.StartsWith("E(", StringComparison.Ordinal))
            {
                // Wrong in two ways: the proxy sees first that the sharding key is NULL.
                answer = expected;
            }
            string outcome =
                expected != again || IsTimeout(answer) || (IsChosenByOrder(sql) && !IsError(answer))
                    ? "uncertain"
                    : GeneratedStage.Outcome(expected, answer);
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            if (outcome == "refused")
            {
                reasons[sharded.LastError] = reasons.GetValueOrDefault(sharded.LastError) + 1;
            }
            if (outcome == "different")
            {
                different.Add($"{sql}\n  one server: {expected}\n  sharded:    {answer} {sharded.LastError}");
            }
        }
        string shares = string.Join(", ", outcomes.Select(static share => $"{share.Key} {share.Value}"));
        IEnumerable<string> why = reasons
            .OrderByDescending(static one => one.Value)
            .Select(one => $"{one.Value} {one.Key}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{shares}\n{string.Join('\n', why)}");
        Assert.True(different.Count == 0, $"{shares}:\n{string.Join("\n\n", different)}\n{stage.ProxyLog}");
    }

    [GeneratedRegex(@"tablesample \w+ \([0-9.]+\)")]
    private static partial Regex TableSample();

    /// <summary>Three orders of rows can give three answers, of which two are alike by chance.</summary>
    private static bool IsChosenByOrder(string sql) => sql.Contains("limit 1 offset", StringComparison.Ordinal);

    private static bool IsError(string answer) => answer.StartsWith("E(", StringComparison.Ordinal);

    private static bool IsTimeout(string answer) => answer == "E(57014)";

    /// <summary>A read by itself, a write in a transaction that is rolled back.</summary>
    private static async Task<string> AskAsync(ScriptedClient client, string sql)
    {
        if (sql.StartsWith("select", StringComparison.OrdinalIgnoreCase))
        {
            return await MergeStage.AskAsync(client, sql, Form.Simple, isOrdered: false);
        }
        await client.Query("BEGIN").RunAsync();
        string answer = await MergeStage.AskAsync(client, sql, Form.Simple, isOrdered: false);
        await client.Query("ROLLBACK").RunAsync();
        return answer;
    }

    private static async Task<List<string>> MakeUpAsync(string target, int count)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(
                "/usr/bin/sqlsmith",
                [
                    $"--target={target}",
                    "--dry-run",
                    "--exclude-catalog",
                    $"--seed={SeedOfStatements}",
                    $"--max-queries={count}",
                ]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> said = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string text = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        // A sample has no certain rows.
        text = TableSample().Replace(text, "");
        List<string> statements =
        [
            .. text.Split(";\n", StringSplitOptions.RemoveEmptyEntries).Select(static s => s.Trim()),
        ];
        statements.RemoveAll(static sql => sql.Length == 0);
        Assert.True(statements.Count > count / 2, $"{statements.Count} statements; {await said}");
        return statements;
    }
}
