// What libpq 18 and Npgsql make of the protocol's version and of the process ID that the proxy gives.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Security;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Sessions;

public sealed class ProtocolVersionTests(SecureFixture fixture)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, "min_protocol_version=3.2 max_protocol_version=3.2")]
    [InlineData(18, "min_protocol_version=3.2 max_protocol_version=latest")]
    [InlineData(18, "max_protocol_version=3.0")]
    public async Task Query_of_libpq_18_is_cancelled_in_either_version(int major, string versions)
    {
        ServeProcess serve = await fixture.ProxyAsync("protocol", major, []);
        LocalPostgresCluster cluster = await fixture.GetAsync(major);
        string connection =
            $"host={ServeProcess.Host} port={serve.Port} user=postgres password={ServeProcess.Password} "
            + $"dbname=postgres {versions}";
        string mark = $"{Guid.NewGuid():N}";
        Task<CommandRun> running = LibpqProgram.PsqlAsync(18, connection, Token, $"select pg_sleep(60) as \"{mark}\"");
        int psql = 0;
        await serve.WaitAsync(
            async () =>
            {
                string sql =
                    $"select 'on' from pg_stat_activity where state = 'active' and query like '%sleep%{mark}%' "
                    + "and pid <> pg_backend_pid()";
                psql = FindProcess(mark);
                return psql > 0 && await cluster.QueryAsync(sql, Token) == "on";
            },
            "the query",
            Token
        );
        Assert.True(ProcessSignals.Send(psql, ProcessSignal.Interrupt));
        CommandRun ended = await running;
        Assert.Contains("canceling statement due to user request", ended.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Process_id_is_the_servers_own_in_session_mode(int major)
    {
        ServeProcess serve = await fixture.ProxyAsync("protocol", major, new() { ["pool_mode"] = "session" });
        await using NpgsqlConnection client = await serve.OpenAsync(Token);
        await using NpgsqlCommand own = new("select pg_backend_pid()", client);
        Assert.Equal(client.ProcessID, await own.ExecuteScalarAsync(Token));
    }

    private static int FindProcess(string mark) =>
        Directory
            .EnumerateDirectories("/proc")
            .Select(static folder => int.TryParse(Path.GetFileName(folder), out int id) ? id : 0)
            .FirstOrDefault(id => id > 0 && IsPsql(id, mark));

    private static bool IsPsql(int id, string mark)
    {
        try
        {
            string command = File.ReadAllText($"/proc/{id}/cmdline");
            return command.Contains("/psql\0", StringComparison.Ordinal)
                && command.Contains(mark, StringComparison.Ordinal)
                && !command.StartsWith("env\0", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return false;
        }
    }
}
