// `drover demo` as a person runs it, small: its figures, its exit codes, and that nothing is left behind.
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Drover.App.Demo;
using Drover.App.Demo.Sharded;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Demo;

public sealed class DemoCommandTests(PostgresFixture fixture)
{
    // Another proxy is as good where the demo itself is tested; the conversion is played through Drover.
    private const string Proxy = "/usr/sbin/pgbouncer";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Small_demo_answers_every_query_and_pools_the_second_scene()
    {
        string json = Path.GetTempFileName();
        using Process demo = Start(
            Proxy,
            "--scene direct --scene pooled --scale 0.01 --seconds 2 --direct-clients 20 --clients 50 --pool 5 "
                + "--rate 200",
            json
        );
        string output = await demo.StandardOutput.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);

        Assert.True(demo.ExitCode == 0, output + await demo.StandardError.ReadToEndAsync(Token));
        DemoReport report = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(json, Token),
            DemoJson.Default.DemoReport
        )!;
        File.Delete(json);
        Assert.Equal(["direct", "pooled"], report.Scenes.Select(static scene => scene.Scene));
        Assert.Equal([20, 50], report.Scenes.Select(static scene => scene.Clients));
        Assert.Equal(20, report.Scenes[0].ServerConnectionsMax);
        Assert.InRange(report.Scenes[1].ServerConnectionsMax, 1, 5);
        Assert.All(report.Scenes, static scene => Assert.InRange(scene.Queries, 100, 2000));
        Assert.All(report.Scenes, static scene => Assert.Equal(0, scene.Errors));
        Assert.All(report.Scenes, static scene => Assert.True(scene.P99Ms >= scene.P95Ms));
        Assert.Contains("connections on the server", output, StringComparison.Ordinal);
        Assert.Contains("after (pooled)", output, StringComparison.Ordinal);
        Assert.All(report.Scenes, static scene => Assert.True(scene is { Servers: 1, DatabaseBytes: > 5_000_000 }));
    }

    [Fact]
    public async Task Refused_clients_are_counted_as_errors_and_make_exit_code_1()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("drover-demo-");
        string proxy = await ProxyBehindAsync(
            folder,
            """
            sed -i 's/^max_client_conn = .*/max_client_conn = 10/' "$1"
            """
        );
        using Process demo = Start(
            proxy,
            "--scene pooled --scale 0.01 --seconds 1 --clients 20 --rate 50",
            "/dev/null"
        );
        string output = await demo.StandardOutput.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);
        folder.Delete(recursive: true);

        Assert.Equal(1, demo.ExitCode);
        Assert.Contains("first error of pooled: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_that_does_not_start_is_exit_code_1_with_its_log()
    {
        using Process demo = Start("/bin/false", "--scene pooled --scale 0.01 --seconds 1 --rate 50", "/dev/null");
        await demo.StandardOutput.ReadToEndAsync(Token);
        string error = await demo.StandardError.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);

        Assert.Equal(1, demo.ExitCode);
        Assert.Contains("the proxy ended", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_that_ends_in_the_middle_is_exit_code_1_and_how_it_ended()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("drover-demo-");
        string proxy = await ProxyBehindAsync(folder, "(sleep 3; kill -KILL $$) &");
        using Process demo = Start(proxy, "--scene pooled --scale 0.01 --seconds 1 --clients 5 --rate 50", "/dev/null");
        await demo.StandardOutput.ReadToEndAsync(Token);
        string error = await demo.StandardError.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);
        folder.Delete(recursive: true);

        Assert.Equal(1, demo.ExitCode);
        Assert.Contains("the proxy ended with exit code 137. The end of its log:", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_that_is_kept_ends_on_ctrl_c_and_leaves_no_process_and_no_folder()
    {
        using Process demo = Start(
            Proxy,
            "--keep --scene pooled --scale 0.01 --seconds 1 --clients 5 --rate 50",
            "/dev/null"
        );
        string? line = "";
        while (line is not null && !line.EndsWith("# through Drover", StringComparison.Ordinal))
        {
            line = await demo.StandardOutput.ReadLineAsync(Token);
        }
        Assert.NotNull(line);
        string port = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];

        ProcessSignals.Send(demo.Id, ProcessSignal.Interrupt);
        await demo.WaitForExitAsync(Token);

        Assert.Equal(0, demo.ExitCode);
        using TcpClient client = new();
        await Assert.ThrowsAsync<SocketException>(async () =>
            await client.ConnectAsync("127.0.0.1", int.Parse(port, null), Token)
        );
    }

    [Fact]
    public async Task Shop_is_the_same_at_every_run()
    {
        LocalPostgresCluster shared = await fixture.GetAsync(18);
        await using LocalPostgresCluster own = await LocalPostgresCluster.StartNewAsync(new(), Token);
        List<string?> hashes = [];
        foreach (LocalPostgresCluster cluster in (LocalPostgresCluster[])[shared, own])
        {
            await new Shop(0.01).LoadAsync(cluster, static _ => { }, Token);
            hashes.Add(
                await cluster.QueryAsync(
                    "SELECT md5(string_agg(o::text || p::text || s::text || c.name, '' ORDER BY o.id)) FROM orders o "
                        + "JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id "
                        + "JOIN sellers s ON s.id = p.seller_id",
                    Token,
                    Shop.Database
                )
            );
        }
        Assert.NotNull(hashes[0]);
        Assert.Equal(hashes[0], hashes[1]);
    }

    // Through Drover itself, whose clients may prepare; and the way back is taken while everything is kept up.
    [Fact]
    public async Task Orders_is_converted_under_traffic_without_a_failed_query_and_can_go_back()
    {
        string json = Path.GetTempFileName();
        using Process demo = Start(
            null,
            "--keep --scene partitioned --scale 0.05 --seconds 3 --clients 40 --pool 5 --rate 200",
            json
        );
        List<string> lines = [];
        while (lines.LastOrDefault()?.EndsWith("# through Drover", StringComparison.Ordinal) is not true)
        {
            string? line = await demo.StandardOutput.ReadLineAsync(Token);
            if (line is null)
            {
                Assert.Fail(string.Join('\n', lines) + await demo.StandardError.ReadToEndAsync(Token));
            }
            lines.Add(line);
        }
        DemoReport report = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(json, Token),
            DemoJson.Default.DemoReport
        )!;
        File.Delete(json);
        string[] back =
        [
            .. lines
                .Single(line => line.Contains(" rollback ", StringComparison.Ordinal))
                .Split('#')[0]
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Skip(1),
        ];
        using Process rollback = Process.Start(
            new ProcessStartInfo(Program, back) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        string said = await rollback.StandardOutput.ReadToEndAsync(Token);
        await rollback.WaitForExitAsync(Token);
        ProcessSignals.Send(demo.Id, ProcessSignal.Interrupt);
        await demo.WaitForExitAsync(Token);

        Assert.True(demo.ExitCode == 0, string.Join('\n', lines));
        SceneResult scene = Assert.Single(report.Scenes);
        ConversionResult conversion = scene.Conversion!;
        Assert.Equal(("partitioned", 0, 0), (scene.Scene, scene.Errors, conversion.FailedQueries));
        Assert.InRange(conversion.Partitions, 36, 45);
        Assert.InRange(conversion.RowsCopied, 10_000, 12_000);
        Assert.InRange(conversion.RowsCompared, conversion.RowsCopied, 13_000);
        Assert.Equal(10, conversion.PreparingClients);
        Assert.InRange(conversion.LongestPauseMs, 0.001, 10_000);
        QueryChange dashboard = conversion.Queries.Single(static query => query.Query == "dashboard");
        Assert.Equal(1, dashboard.Before.Relations);
        Assert.InRange(dashboard.After.Relations, 2, 12);
        Assert.Contains(conversion.Steps, static step => step.Step == "cut-over");
        Assert.Contains(lines, static line => line.StartsWith("    orders: ", StringComparison.Ordinal));
        Assert.True(rollback.ExitCode == 0, said + await rollback.StandardError.ReadToEndAsync(Token));
    }

    [Fact]
    public async Task Shop_on_four_servers_is_loaded_whole_and_asked_without_a_failed_query()
    {
        string json = Path.GetTempFileName();
        using Process demo = Start(
            null,
            "--scene sharded --scale 0.02 --seconds 3 --clients 40 --pool 8 --rate 200",
            json
        );
        string output = await demo.StandardOutput.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);

        Assert.True(demo.ExitCode == 0, output + await demo.StandardError.ReadToEndAsync(Token));
        DemoReport report = JsonSerializer.Deserialize(
            await File.ReadAllTextAsync(json, Token),
            DemoJson.Default.DemoReport
        )!;
        File.Delete(json);
        SceneResult scene = Assert.Single(report.Scenes);
        ShardingResult sharding = scene.Sharding!;
        Assert.Equal(("sharded", 0), (scene.Scene, scene.Errors));
        Assert.Equal(38_000 + 200 + 20 + 10, sharding.RowsLoaded);
        Assert.Equal(4, sharding.Shards.Count);
        Assert.All(sharding.Shards, shard => Assert.InRange(shard.Rows, 1, sharding.RowsLoaded / 2));
        Assert.InRange(sharding.Shards.Sum(static shard => shard.Rows), 38_200, 45_000);
        Assert.InRange(sharding.SingleShardStatements, 400, 10_000);
        Assert.InRange(sharding.SingleShardPercent, 95, 100);
        Assert.Contains("Answered by one server: ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversion_that_is_refused_ends_the_demo_with_exit_code_1_and_says_why()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("drover-demo-");
        // Something else takes a name that the conversion needs, before it begins.
        string proxy = await ProxyBehindAsync(
            folder,
            """
            port=$(sed -n 's/^shop = .* port=\([0-9]*\) .*/\1/p' "$1")
            psql -h 127.0.0.1 -p "$port" -U postgres -c 'CREATE TABLE orders__drover_new ()' shop
            """
        );
        using Process demo = Start(
            proxy,
            "--scene partitioned --scale 0.01 --seconds 1 --clients 5 --rate 20",
            "/dev/null"
        );
        await demo.StandardOutput.ReadToEndAsync(Token);
        string error = await demo.StandardError.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);
        folder.Delete(recursive: true);

        Assert.Equal(1, demo.ExitCode);
        Assert.Contains("orders__drover_new", error, StringComparison.Ordinal);
    }

    // A program that does this to the configuration, which is its first argument, and becomes the proxy.
    private static async Task<string> ProxyBehindAsync(DirectoryInfo folder, string commands)
    {
        string path = Path.Combine(folder.FullName, "proxy");
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{commands}\nexec {Proxy} \"$1\"\n", Token);
        const UnixFileMode Mode = (UnixFileMode)0b111_101_101;
        folder.UnixFileMode = Mode;
        File.SetUnixFileMode(path, Mode);
        return path;
    }

    private static string Program => TestedProgram.Path;

    private static Process Start(string? proxy, string arguments, string json)
    {
        string[] other = proxy is null ? [] : ["--proxy", proxy];
        ProcessStartInfo start = new(Program, ["demo", .. arguments.Split(' '), "--json", json, .. other])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
