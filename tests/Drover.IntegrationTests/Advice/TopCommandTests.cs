// drover top against a server with work, with someone who waits, with a console, and one that goes away.
using System.Diagnostics;
using System.Text;
using Drover.App.Commands.Top;
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.IntegrationTests.History;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class TopCommandTests(MeasuredPostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task One_picture_has_metrics_statements_of_its_interval_and_who_waits(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(
            "CREATE EXTENSION pg_stat_statements; CREATE TABLE t AS SELECT 1 AS id; SELECT 'before', count(*) FROM t",
            Token,
            database
        );
        await using NpgsqlConnection holder = await cluster.OpenAsync(database, Token);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using NpgsqlCommand hold = new("UPDATE t SET id = 2", holder, held);
        await hold.ExecuteNonQueryAsync(Token);
        await using NpgsqlConnection waiter = await cluster.OpenAsync(database, Token);
        await using NpgsqlCommand wait = new("UPDATE t SET id = 3", waiter);
        Task<int> waiting = wait.ExecuteNonQueryAsync(Token);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task load = LoadAsync(cluster, database, stop.Token);
        ProgramAnswer answer = await RunAsync(MonitorStage.Url(cluster, database), "--once", "--interval", "3");
        await stop.CancelAsync();
        await load;
        await held.RollbackAsync(Token);
        await waiting;

        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Contains("lock contention", answer.Output, StringComparison.Ordinal);
        Assert.Contains("deadlock rate", answer.Output, StringComparison.Ordinal);
        Assert.Matches($"\n{holder.ProcessID} idle in transaction .*UPDATE t SET id = 2", answer.Output);
        Assert.Matches($"\n└ {waiter.ProcessID} active .*Lock: transactionid", answer.Output);
        Assert.Matches(@" %  +\d.* SELECT sum\(id\), pg_sleep", answer.Output);
        Assert.DoesNotContain("SELECT $1, count(*) FROM t", answer.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', answer.Output);
    }

    [Fact]
    public async Task Pools_of_a_console_are_shown_and_a_console_that_is_not_there_is_told()
    {
        await using ServeProcess serve = await ServeProcess.StartAsync((await fixture.GetAsync(15)).Port, Token);
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        string url = MonitorStage.Url(cluster, database);
        string console = $"host={ServeProcess.Host} port={serve.Port} user=boss password={ServeProcess.Password} ";
        ProgramAnswer answer = await RunAsync(url, "--interval", "1", "--console", console + "dbname=pgbouncer");
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Matches("pgbouncer/pgbouncer +\\d", answer.Output);
        Assert.Contains("CREATE EXTENSION pg_stat_statements", answer.Output, StringComparison.Ordinal);
        answer = await RunAsync(url, "--interval", "1", "--console", "host=127.0.0.1 port=1 dbname=pgbouncer");
        Assert.True(answer.ExitCode == 0, answer.ToString());
        Assert.Contains("the console 127.0.0.1:1/pgbouncer as ", answer.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_goes_away_is_told_and_tried_again()
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
            new LocalPostgresOptions { Major = 18 },
            Token
        );
        NpgsqlConnectionStringBuilder target = MonitorConnections.Parse(
            MonitorStage.Url(cluster, "postgres"),
            new HistoryLimits(),
            out _
        )!;
        await using TopSource source = new(target, null, TimeProvider.System);
        Assert.Empty((await source.TakeAsync(Token)).Problem);
        await cluster.StopAsync(true, Token);
        TopPicture away = await source.TakeAsync(Token);
        Assert.NotEmpty(away.Problem);
        Assert.Equal(11, away.Metrics.Count);
        Assert.NotEmpty((await source.TakeAsync(Token)).Problem);
        await cluster.StartAsync(Token);
        Assert.Empty((await source.TakeAsync(Token)).Problem);
    }

    [Fact]
    public async Task Terminal_follows_its_keys_until_q()
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(18, Token);
        string program = TestedProgram.Path;
        string command = $"stty cols 60 rows 20; exec {program} top {MonitorStage.Url(cluster, database)} --interval 1";
        ProcessStartInfo start = new("script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["TERM"] = "xterm";
        using Process process = Process.Start(start)!;
        StringBuilder seen = new();
        foreach ((string shown, char key) in ((string, char)[])[("q quit", 'r'), ("by rows", 'p'), ("PAUSED", 'q')])
        {
            await ReadUntilAsync(process.StandardOutput, seen, shown);
            await process.StandardInput.WriteAsync(key);
            await process.StandardInput.FlushAsync(Token);
        }
        seen.Append(await process.StandardOutput.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        string text = seen.ToString();
        Assert.True(process.ExitCode == 0, text);
        Assert.Contains("q quit", text, StringComparison.Ordinal);
        Assert.Contains("statement (by rows", text, StringComparison.Ordinal);
        Assert.Contains("PAUSED", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Q_leaves_at_once_while_the_server_does_not_answer()
    {
        await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(new(), Token);
        string url = MonitorStage.Url(cluster, "postgres") + "?application_name=looker";
        string command = $"stty cols 60 rows 20; exec {TestedProgram.Path} top {url} --interval 1";
        ProcessStartInfo start = new("script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["TERM"] = "xterm";
        using Process process = Process.Start(start)!;
        await ReadUntilAsync(process.StandardOutput, new StringBuilder(), "q quit");
        string? found = await cluster.QueryAsync(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'looker'",
            Token
        );
        int backend = int.Parse(found!, null);
        ProcessSignals.Send(backend, ProcessSignal.Stop);
        try
        {
            // A look has begun and does not come back: the server has bytes that it does not read.
            await Eventually.HoldsAsync(() => HasUnread(cluster.Port), TimeSpan.FromSeconds(30));
            long pressed = TimeProvider.System.GetTimestamp();
            await process.StandardInput.WriteAsync('q');
            await process.StandardInput.FlushAsync(Token);
            await process.StandardOutput.ReadToEndAsync(Token);
            await process.WaitForExitAsync(Token);
            Assert.Equal(0, process.ExitCode);
            Assert.InRange(TimeProvider.System.GetElapsedTime(pressed).TotalSeconds, 0, 5);
        }
        finally
        {
            ProcessSignals.Send(backend, ProcessSignal.Continue);
        }
    }

    [Fact]
    public async Task What_is_wrong_at_first_ends_it_with_its_exit_code()
    {
        ProgramAnswer away = await RunAsync("postgres://x:secret@127.0.0.1:1/none");
        Assert.Equal(1, away.ExitCode);
        Assert.Contains("cannot be reached", away.Error, StringComparison.Ordinal);
        ProgramAnswer wrong = await RunAsync("postgres://x:secret@h/db?nonsense=1");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal(2, (await RunAsync("postgres://x@h/db", "--console", "nonsense=1")).ExitCode);
        Assert.Equal(2, (await RunAsync("postgres://x@h/db", "--interval", "0")).ExitCode);
        Assert.Equal(2, (await RunAsync("postgres://x@h/db", "--sort", "7")).ExitCode);
        Assert.DoesNotContain("secret", away.Error + wrong.Error, StringComparison.Ordinal);
    }

    /// <summary>Whether bytes that came to a port here wait to be read (proc_pid_net(5): rx_queue of tcp).</summary>
    private static bool HasUnread(int port) =>
        File.ReadLines("/proc/net/tcp")
            .Skip(1)
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(fields =>
                fields[1].EndsWith($":{port:X4}", StringComparison.Ordinal)
                && fields[3] == "01"
                && !fields[4].EndsWith(":00000000", StringComparison.Ordinal)
            );

    /// <summary>Reads what a terminal is told until some text has come; the test's own limit ends it.</summary>
    private static async Task ReadUntilAsync(StreamReader output, StringBuilder seen, string text)
    {
        char[] buffer = new char[4096];
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count = await output.ReadAsync(buffer, Token);
            Assert.True(count > 0, $"ended without {text}:\n{seen}");
            seen.Append(buffer, 0, count);
        }
    }

    private static async Task LoadAsync(LocalPostgresCluster cluster, string database, CancellationToken token)
    {
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, CancellationToken.None);
        await using NpgsqlCommand command = new("SELECT sum(id), pg_sleep(0.01) FROM t", connection);
        while (!token.IsCancellationRequested)
        {
            await command.ExecuteScalarAsync(CancellationToken.None);
        }
    }

    private static async Task<ProgramAnswer> RunAsync(params string[] options)
    {
        return await TestedProgram.RunAsync(["top", .. options]);
    }
}
