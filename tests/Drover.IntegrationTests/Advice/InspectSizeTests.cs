// drover inspect of a large database, and of a server that goes away meanwhile.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Drover.App.LocalPostgres;

namespace Drover.IntegrationTests.Advice;

public sealed class InspectSizeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_tables_and_five_thousand_statements_take_a_minute_and_200_MB_at_most()
    {
        await using LocalPostgresCluster cluster = await StartAsync();
        await cluster.ExecuteAsync("CREATE EXTENSION pg_stat_statements", Token);
        for (int part = 0; part < 20; part++)
        {
            await cluster.ExecuteAsync(
                $"""
                DO $$ BEGIN FOR i IN {part * 500}..{(part * 500) + 499} LOOP
                    EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, a int, b text, c timestamptz)', i);
                    EXECUTE format('CREATE INDEX ON t%s (a)', i);
                    EXECUTE format('INSERT INTO t%s SELECT n, n, n::text, now() FROM generate_series(1, 20) n', i);
                END LOOP; END $$
                """,
                Token
            );
        }
        await cluster.ExecuteAsync(
            "INSERT INTO t1 SELECT n, n % 5000, n::text, now() FROM generate_series(21, 60000) n",
            Token
        );
        await cluster.ExecuteAsync("ANALYZE", Token);
        StringBuilder statements = new();
        for (int i = 0; i < 5_000; i++)
        {
            statements.Append(CultureInfo.InvariantCulture, $"SELECT b FROM t{i} WHERE a = {i};");
        }
        await cluster.ExecuteAsync(statements.ToString(), Token);
        object? kept = await InspectProgram.ScalarAsync(cluster, "postgres", "SELECT count(*) FROM pg_stat_statements");
        Assert.True(kept is >= 5000L);
        long started = TimeProvider.System.GetTimestamp();
        using Process process = TestedProgram.Start("inspect", InspectProgram.Url(cluster, "postgres"), "--json");
        Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
        long peakKilobytes = 0;
        while (!process.HasExited)
        {
            peakKilobytes = Math.Max(peakKilobytes, PeakOf(process.Id));
            await Task.WhenAny(process.WaitForExitAsync(Token), Task.Delay(20, Token));
        }
        TimeSpan took = TimeProvider.System.GetElapsedTime(started);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains("recommendations", await output, StringComparison.Ordinal);
        TestContext.Current.SendDiagnosticMessage($"{took.TotalSeconds:0.0} s, {peakKilobytes / 1024} MB");
        Assert.InRange(took.TotalSeconds, 10, 60);
        Assert.InRange(peakKilobytes, 1, 200 * 1024);
    }

    [Fact]
    public async Task Server_that_goes_away_meanwhile_is_told_and_ends_with_exit_code_1()
    {
        await using LocalPostgresCluster cluster = await StartAsync();
        using Process process = TestedProgram.Start(
            "inspect",
            InspectProgram.Url(cluster, "postgres"),
            "--seconds",
            "60"
        );
        await Eventually.HoldsAsync(
            async () =>
                await InspectProgram.ScalarAsync(
                    cluster,
                    "postgres",
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%backend_type = ''client backend''%' "
                        + "AND pid <> pg_backend_pid()"
                )
                    is 1L,
            TimeSpan.FromSeconds(30)
        );
        await cluster.StopAsync(immediate: true, Token);
        string error = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.Equal(1, process.ExitCode);
        Assert.StartsWith("drover: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static Task<LocalPostgresCluster> StartAsync() =>
        LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions
            {
                Settings = new Dictionary<string, string>
                {
                    ["shared_preload_libraries"] = "pg_stat_statements",
                    ["pg_stat_statements.max"] = "20000",
                    ["max_locks_per_transaction"] = "512",
                },
            },
            Token
        );

    /// <summary>VmHWM of /proc: the most memory that it had.</summary>
    private static long PeakOf(int pid)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{pid}/status")
                .FirstOrDefault(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            string digits = string.Concat((line ?? "0").Where(char.IsAsciiDigit));
            return long.Parse(digits, CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
