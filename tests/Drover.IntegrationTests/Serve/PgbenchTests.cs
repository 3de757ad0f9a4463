// pgbench, which stops at the first error, while an operator does everything that clients must not notice.
using System.Diagnostics;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Serve;

public sealed class PgbenchTests(PostgresFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("simple")]
    [InlineData("extended")]
    [InlineData("prepared")]
    public async Task Operators_work_fails_no_query_of_pgbench(string protocol)
    {
        const string Program = "/usr/bin/pgbench";
        Assert.SkipUnless(File.Exists(Program), "pgbench is missing: apt-get install postgresql-15");
        await using ServeProcess serve = await ServeProcess.StartAsync((await fixture.GetAsync(18)).Port, Token);
        string script = Path.Combine(serve.Folder, "transaction.sql");
        await File.WriteAllTextAsync(script, "begin;\nselect 1;\nselect :client_id + 1;\ncommit;\nselect 2;\n", Token);
        // A thread each: one that prepares waits for the answer and would hold up all clients of its thread.
        string[] arguments =
        [
            "-n",
            "-f",
            script,
            "-M",
            protocol,
            "-c",
            "12",
            "-j",
            "12",
            "-T",
            "4",
            "-h",
            ServeProcess.Host,
        ];
        ProcessStartInfo start = new(Program, [.. arguments, "-p", $"{serve.Port}", "-U", "postgres", "postgres"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = ServeProcess.Password;
        using Process pgbench = Process.Start(start)!;
        Task<string> output = pgbench.StandardOutput.ReadToEndAsync(Token);
        Task<string> errors = pgbench.StandardError.ReadToEndAsync(Token);
        string[] commands = ["PAUSE", "RESUME", "RELOAD", "RECONNECT", "SUSPEND", "RESUME", "WAIT_CLOSE"];
        for (int i = 0; !pgbench.HasExited; i++)
        {
            await serve.ConsoleAsync(commands[i % commands.Length], Token, overSocket: true);
            await Task.Delay(40, Token);
        }
        await pgbench.WaitForExitAsync(Token);
        Assert.True(pgbench.ExitCode == 0, await errors);
        Assert.Contains("number of failed transactions: 0", await output, StringComparison.Ordinal);
    }
}
