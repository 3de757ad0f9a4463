// TPC-B as pgbench runs it, on branches that are spread over shards, in pgbench's three protocols.
using System.Diagnostics;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Topology;

namespace Drover.IntegrationTests.Sharding;

/// <summary>
/// pgbench's own transaction (its manual, Notes), with the branch in every statement. One in seven pays from the till
/// of another branch, so that it is on two shards.
/// </summary>
public sealed class TpcbTests(PostgresFixture postgres)
{
    private const int Branches = 8;

    private const string Schema = """
        CREATE TABLE branches (bid int PRIMARY KEY, bbalance int NOT NULL);
        CREATE TABLE tellers (tid int, bid int NOT NULL, tbalance int NOT NULL, PRIMARY KEY (bid, tid));
        CREATE TABLE accounts (aid int, bid int NOT NULL, abalance int NOT NULL, PRIMARY KEY (bid, aid));
        CREATE TABLE history (tid int, bid int NOT NULL, aid int, delta int, mtime timestamp)
        """;

    private const string Script = """
        \set bid random(1, 8)
        \set aid random(1, 1000)
        \set tid random(1, 10)
        \set delta random(-5000, 5000)
        \set guest random(1, 7)
        \if :guest = 1
        \set till 1 + :bid % 8
        \else
        \set till :bid
        \endif
        BEGIN;
        UPDATE accounts SET abalance = abalance + :delta WHERE aid = :aid AND bid = :bid;
        SELECT abalance FROM accounts WHERE aid = :aid AND bid = :bid;
        UPDATE tellers SET tbalance = tbalance + :delta WHERE tid = :tid AND bid = :till;
        UPDATE branches SET bbalance = bbalance + :delta WHERE bid = :till;
        INSERT INTO history (tid, bid, aid, delta, mtime) VALUES (:tid, :till, :aid, :delta, CURRENT_TIMESTAMP);
        END;
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(18, "simple")]
    [InlineData(18, "extended")]
    [InlineData(15, "prepared")]
    public async Task Books_balance_after_pgbench_has_been_at_all_branches(int major, string protocol)
    {
        const string Program = "/usr/bin/pgbench";
        Assert.SkipUnless(File.Exists(Program), "pgbench is missing: apt-get install postgresql-15");
        await using ShardingStage stage = await ShardingStage.StartAsync(postgres, major, 3);
        await stage.SetUpAsync("shard init");
        await stage.OnShardsAsync(Schema);
        string[] tables = ["branches", "tellers", "accounts", "history"];
        await stage.SetUpAsync(tables.Select(static table => $"table shard {table} --key bid"));
        await using ShardedProxy proxy = await stage.ServeAsync();
        await using (Npgsql.NpgsqlConnection client = await proxy.OpenAsync(Token))
        {
            string[] fill =
            [
                .. Enumerable.Range(1, Branches).Select(static b => $"INSERT INTO branches VALUES ({b}, 0)"),
                .. Rows("tellers", 10),
                .. Rows("accounts", 1000),
            ];
            foreach (string sql in fill)
            {
                Assert.Null(await client.FailureAsync(sql));
            }
        }
        string script = Path.GetTempFileName();
        await File.WriteAllTextAsync(script, Script, Token);
        (int exitCode, string output) = await RunAsync(
            Program,
            ["-n", "-f", script, "-M", protocol, "-c", "6", "-j", "6", "-T", "3", "--max-tries", "20"],
            proxy
        );
        File.Delete(script);

        Assert.True(exitCode == 0, output + proxy.Log);
        Assert.Contains("number of failed transactions: 0", output, StringComparison.Ordinal);
        long[] sums = [0, 0, 0, 0];
        for (int shard = 1; shard <= 3; shard++)
        {
            string all = (
                await stage.FromShardAsync(
                    shard,
                    "SELECT concat_ws(',', (SELECT coalesce(sum(bbalance), 0) FROM branches), (SELECT "
                        + "coalesce(sum(tbalance), 0) FROM tellers), (SELECT coalesce(sum(abalance), 0) FROM "
                        + "accounts), (SELECT coalesce(sum(delta), 0) FROM history))"
                )
            )!;
            sums = [.. sums.Zip(all.Split(','), static (sum, part) => sum + long.Parse(part))];
            Assert.NotEqual("0", await stage.FromShardAsync(shard, "SELECT count(*) FROM history"));
        }
        Assert.All(sums, sum => Assert.Equal(sums[0], sum));
        Assert.Equal(0, await stage.PreparedAsync());
    }

    private static IEnumerable<string> Rows(string table, int count) =>
        Enumerable
            .Range(1, Branches)
            .Select(branch =>
                $"INSERT INTO {table} VALUES "
                + string.Join(", ", Enumerable.Range(1, count).Select(i => $"({i}, {branch}, 0)"))
            );

    private static async Task<(int ExitCode, string Output)> RunAsync(
        string program,
        string[] arguments,
        ShardedProxy proxy
    )
    {
        string[] where = ["-h", "127.0.0.1", "-p", $"{proxy.Port}", "-U", "postgres", "shop"];
        using Process process = Process.Start(
            new ProcessStartInfo(program, [.. arguments, .. where])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
        string errors = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output + errors);
    }
}
