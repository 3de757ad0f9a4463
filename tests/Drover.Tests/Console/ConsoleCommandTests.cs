// What console commands do, say and refuse, in the simple protocol.
using Drover.Administration;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Tests.Console;

public sealed class ConsoleCommandTests
{
    private readonly FakeProxy _proxy = new();

    [Theory]
    [InlineData("PAUSE", "pause", "C PAUSE")]
    [InlineData("pause app;", "pause app", "C PAUSE")]
    [InlineData("pause \"My \"\"Db\"\"\"", "pause My \"Db\"", "C PAUSE")]
    [InlineData("/* a; b */ resume app -- and on", "resume app", "C RESUME")]
    [InlineData("disable app", "disable app", "C DISABLE")]
    [InlineData("enable app", "enable app", "C ENABLE")]
    [InlineData("reconnect", "reconnect", "C RECONNECT")]
    [InlineData("kill app", "kill app", "C KILL")]
    [InlineData("kill", "kill", "C KILL")]
    [InlineData("kill_client 42", "kill_client 42", "C KILL_CLIENT")]
    [InlineData("suspend", "suspend", "C SUSPEND")]
    [InlineData("reload", "reload", "C RELOAD")]
    [InlineData("wait_close", "wait_close", "C WAIT_CLOSE")]
    [InlineData("shutdown wait_for_servers", "shutdown WaitForServers", "C SHUTDOWN")]
    [InlineData("shutdown WAIT_FOR_CLIENTS", "shutdown WaitForClients", "C SHUTDOWN")]
    [InlineData("set pool_mode=session", "set pool_mode=session", "C SET pool_mode=session")]
    [InlineData("SET q TO 'it''s; so'", "set q=it's; so", "C SET q=it's; so")]
    public async Task Command_reaches_the_proxy_and_is_answered_with_its_tag(string text, string call, string tag)
    {
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync(text);
        Assert.Equal([call], _proxy.Calls);
        Assert.Equal([tag, "Z"], answer);
    }

    [Fact]
    public async Task Immediate_shutdown_is_not_answered()
    {
        Assert.Empty(await new ConsoleClient(_proxy).QueryAsync("shutdown"));
        Assert.Equal(["shutdown Immediate"], _proxy.Calls);
    }

    [Theory]
    [InlineData("foo", "E 08P01 invalid command 'foo', use SHOW HELP;")]
    [InlineData("select version()", "E 08P01 invalid command 'select version()', use SHOW HELP;")]
    [InlineData("show clients where 1", "E 08P01 invalid command 'show clients where 1', use SHOW HELP;")]
    [InlineData("set a", "E 08P01 invalid command 'set a', use SHOW HELP;")]
    [InlineData("pause 'a", "E 08P01 invalid command 'pause 'a', use SHOW HELP;")]
    [InlineData("reload x", "E 08P01 invalid command 'reload x', use SHOW HELP;")]
    [InlineData("shutdown foo", "E 08P01 invalid command 'shutdown foo', use SHOW HELP;")]
    [InlineData("disable", "E 08P01 a database is required")]
    [InlineData("kill_client x", "E 08P01 invalid client pointer supplied")]
    [InlineData("pause pgbouncer", "E 08P01 cannot pause admin db: pgbouncer")]
    [InlineData("wait_close drover", "E 08P01 cannot wait in admin db: drover")]
    public async Task Wrong_command_is_an_error_and_the_console_lives_on(string text, string error)
    {
        ConsoleClient client = new(_proxy);
        Assert.Equal([error, "Z"], await client.QueryAsync(text));
        Assert.Empty(_proxy.Calls);
        Assert.Equal(ConsoleOutcome.Continue, client.Outcome);
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("set log_connections=0")]
    [InlineData("show fds")]
    [InlineData("show prepared_statements")]
    [InlineData("shutdown")]
    public async Task Stats_user_only_looks(string text)
    {
        List<string> answer = await new ConsoleClient(_proxy, isAdmin: false).QueryAsync(text);
        Assert.Equal(["E 08P01 admin access needed", "Z"], answer);
        Assert.Empty(_proxy.Calls);
    }

    [Fact]
    public async Task Failure_carries_its_own_code()
    {
        _proxy.Answer = AdministrationResult.Failed(
            "RELOAD failed, see logs for additional details",
            AdministrationResult.ConfigurationFileError
        );
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("reload");
        Assert.Equal(["E F0000 RELOAD failed, see logs for additional details", "Z"], answer);
    }

    [Fact]
    public async Task Statements_of_one_string_run_in_order_up_to_the_first_error()
    {
        List<string> answer = await new ConsoleClient(_proxy).QueryAsync("pause a; resume a;; nonsense; kill a");
        Assert.Equal(["pause a", "resume a"], _proxy.Calls);
        Assert.Equal(["C PAUSE", "C RESUME", "E 08P01 invalid command 'nonsense', use SHOW HELP;", "Z"], answer);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ; -- nothing")]
    public async Task Empty_query_is_answered_as_PostgreSQL_does(string text) =>
        Assert.Equal(["I", "Z"], await new ConsoleClient(_proxy).QueryAsync(text));

    [Theory]
    [InlineData("SET extra_float_digits = 3")]
    [InlineData("set application_name = 'psql'")]
    [InlineData("SET SESSION client_encoding TO 'UTF8'")]
    [InlineData("SET datestyle TO 'ISO'")]
    public async Task What_drivers_set_at_connect_is_ignored_with_a_notice(string text)
    {
        List<string> answer = await new ConsoleClient(_proxy, isAdmin: false).QueryAsync(text);
        Assert.Equal(["N 00000 SET ignored", "C SET", "Z"], answer);
        Assert.Empty(_proxy.Calls);
    }

    [Fact]
    public async Task Help_is_a_notice() =>
        Assert.Equal(["N 00000 Console usage", "C SHOW", "Z"], await new ConsoleClient(_proxy).QueryAsync("SHOW HELP"));

    [Fact]
    public async Task Cancelled_pause_is_reported_as_cancelled()
    {
        _proxy.PauseGate = new();
        using CancellationTokenSource cancel = new();
        Task<List<string>> answer = new ConsoleClient(_proxy).SendUntilAsync(
            w => Query.Write(w, "pause"),
            cancel.Token
        );
        Assert.False(answer.IsCompleted);
        await cancel.CancelAsync();
        Assert.Equal(["E 57014 canceling statement due to user request", "Z"], await answer);
    }
}
