// Npgsql's steps about what a session is and remembers: start-up, settings, listeners, temporary tables, locks, cancel.
using System.Text.Json.Nodes;
using Npgsql;

namespace Drover.IntegrationTests.Clients;

/// <summary>What lives longer than a query.</summary>
internal static class NpgsqlSessionSteps
{
    private static readonly string[] s_settings = ["search_path", "TimeZone", "work_mem", "role"];

    /// <summary>Runs the steps.</summary>
    public static async Task RunAsync(NpgsqlScript script)
    {
        const string Startup =
            "Application Name=the app;Search Path=alpha,public;Timezone=Asia/Tokyo;Options=-c work_mem=6MB";
        await script.StepAsync("parameter_status", ParametersAsync);
        await script.StepAsync("startup_options", c => StartupAsync(script, c), Startup);
        await script.StepAsync("startup_login_refused", _ => RefusedAsync(script));
        await script.StepAsync("notices", c => NoticesAsync(script, c));
        await script.StepAsync("listen_and_notify", c => ListenAsync(script, c));
        await script.StepAsync("cancel", c => CancelAsync(script, c));
        await script.StepAsync("command_timeout", c => CommandTimeoutAsync(script, c));
        await script.StepAsync("statement_timeout", c => StatementTimeoutAsync(script, c));
        await script.StepAsync("settings", c => SettingsAsync(script, c));
        await script.StepAsync("temporary_tables", c => TemporaryTablesAsync(script, c));
        await script.StepAsync("hold_cursors", c => HoldCursorsAsync(script, c));
        await script.StepAsync("advisory_locks", c => AdvisoryLocksAsync(script, c));
        await script.StepAsync("sql_prepare", c => SqlPrepareAsync(script, c));
        await script.StepAsync("pooled_connections", _ => PooledAsync(script));
        await script.StepAsync("multiplexed_connections", _ => MultiplexedAsync(script));
    }

    private static Task<JsonNode?> ParametersAsync(NpgsqlConnection c)
    {
        string[] names =
        [
            "server_version",
            "client_encoding",
            "DateStyle",
            "TimeZone",
            "is_superuser",
            "server_encoding",
        ];
        JsonArray result = [.. names.Select(name => (JsonNode?)c.PostgresParameters.GetValueOrDefault(name))];
        return Task.FromResult<JsonNode?>(result);
    }

    private static async Task<JsonNode?> StartupAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray first = await script.ShowAsync(c, [.. s_settings, "application_name"]);
        await script.RowsAsync(c, "set search_path = x; set TimeZone = 'UTC'; set work_mem = '9MB'; reset all");
        JsonArray second = await script.ShowAsync(c, [.. s_settings, "application_name"]);
        await script.RowsAsync(c, "discard all");
        return new JsonArray(first, second, await script.ShowAsync(c, [.. s_settings, "application_name"]));
    }

    private static async Task<JsonNode?> RefusedAsync(NpgsqlScript script)
    {
        JsonArray states = [];
        foreach (string settings in (string[])["Password=wrong", "Database=no_such_database", "Username=nobody_at_all"])
        {
            try
            {
                await using NpgsqlConnection connection = await script.OpenAsync(settings);
                states.Add("accepted");
            }
            catch (PostgresException e)
            {
                states.Add(e.SqlState);
            }
        }
        return states;
    }

    private static async Task<JsonNode?> NoticesAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray got = [];
        c.Notice += (_, e) => got.Add($"{e.Notice.Severity} {e.Notice.SqlState} {e.Notice.MessageText}");
        await script.RowsAsync(c, "do $$ begin raise notice 'n'; raise warning 'w'; end $$");
        await script.RowsAsync(c, "drop table if exists never_there");
        return got;
    }

    private static async Task<JsonNode?> ListenAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray got = [];
        c.Notification += (_, e) => got.Add($"{e.Channel} {e.Payload}");
        await script.RowsAsync(c, "listen news");
        await script.RowsAsync(c, "select 1");
        await using (NpgsqlConnection speaker = await script.OpenAsync())
        {
            await script.RowsAsync(speaker, "notify news, 'one'");
            await script.RowsAsync(speaker, "select pg_notify('news', $1)", "two");
        }
        while (got.Count < 2 && await c.WaitAsync(TimeSpan.FromSeconds(3), script.Token)) { }
        await script.RowsAsync(c, "unlisten *");
        return got;
    }

    private static async Task<JsonNode?> CancelAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await using NpgsqlCommand command = new("select pg_sleep(20)", c);
        Task<JsonNode?> sleeping = NpgsqlScript.OutcomeAsync(async () =>
            $"{await command.ExecuteScalarAsync(script.Token)}"
        );
        await Task.Delay(300, script.Token);
        command.Cancel();
        return new JsonArray(await sleeping, await script.OneAsync(c, "select 'still here'"));
    }

    private static async Task<JsonNode?> CommandTimeoutAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonNode? timedOut = await NpgsqlScript.OutcomeAsync(async () =>
        {
            await using NpgsqlCommand command = new("select pg_sleep(20)", c) { CommandTimeout = 1 };
            return $"{await command.ExecuteScalarAsync(script.Token)}";
        });
        return new JsonArray(timedOut, await script.OneAsync(c, "select 'still here'"));
    }

    private static async Task<JsonNode?> StatementTimeoutAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "set statement_timeout = 100");
        JsonNode? first = await script.TryAsync(c, "select pg_sleep(20)");
        JsonNode? second = await script.TryAsync(c, "select pg_sleep(20)");
        await script.RowsAsync(c, "reset statement_timeout");
        return new JsonArray(first, second, await script.ShowAsync(c, "statement_timeout"));
    }

    private static async Task<JsonNode?> SettingsAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        JsonArray result = [await script.ShowAsync(c, s_settings)];
        await script.RowsAsync(c, "set search_path = alpha; set TimeZone = 'Asia/Tokyo'; set role app_reader");
        await script.RowsAsync(c, "select set_config('work_mem', '7MB', false)");
        result.Add(await script.ShowAsync(c, s_settings));
        result.Add(await script.ShowAsync(c, s_settings));
        await using (NpgsqlTransaction transaction = await c.BeginTransactionAsync(script.Token))
        {
            await script.RowsAsync(c, "set local work_mem = '8MB'; set search_path = gone; set role none");
            result.Add(await script.ShowAsync(c, s_settings));
            await transaction.RollbackAsync(script.Token);
        }
        result.Add(await script.ShowAsync(c, s_settings));
        result.Add(c.PostgresParameters["TimeZone"]);
        await script.RowsAsync(c, "reset role; reset all");
        result.Add(await script.ShowAsync(c, s_settings));
        return result;
    }

    private static async Task<JsonNode?> TemporaryTablesAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "create temp table scratch (i int)");
        for (int i = 0; i < 10; i++)
        {
            await script.RowsAsync(c, "insert into scratch values ($1)", i);
        }
        return await script.TryAsync(c, "select sum(i), count(*) from scratch");
    }

    private static async Task<JsonNode?> HoldCursorsAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "declare held cursor with hold for select generate_series(1, 10)");
        JsonArray result = [];
        for (int i = 0; i < 4; i++)
        {
            result.Add(await script.TryAsync(c, "fetch 3 from held"));
        }
        result.Add(await script.TryAsync(c, "close held"));
        return result;
    }

    private static async Task<JsonNode?> AdvisoryLocksAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await using NpgsqlConnection other = await script.OpenAsync();
        await script.RowsAsync(c, "select pg_advisory_lock(41)");
        JsonArray result = [];
        for (int i = 0; i < 3; i++)
        {
            result.Add(await script.OneAsync(other, "select pg_try_advisory_lock(41)"));
        }
        result.Add(await script.OneAsync(c, "select pg_advisory_unlock(41)"));
        result.Add(await script.OneAsync(other, "select pg_try_advisory_lock(41)"));
        return result;
    }

    private static async Task<JsonNode?> SqlPrepareAsync(NpgsqlScript script, NpgsqlConnection c)
    {
        await script.RowsAsync(c, "prepare plus (int) as select $1 + 1");
        JsonArray result = [];
        for (int i = 0; i < 5; i++)
        {
            result.Add(await script.TryAsync(c, $"execute plus ({i})"));
        }
        await script.RowsAsync(c, "deallocate plus");
        result.Add(await script.TryAsync(c, "execute plus (1)"));
        return result;
    }

    private static async Task<JsonNode?> PooledAsync(NpgsqlScript script)
    {
        NpgsqlDataSourceBuilder builder = new(script.Connect("Pooling=true;Max Auto Prepare=10;Maximum Pool Size=5"));
        await using NpgsqlDataSource source = builder.Build();
        Task<string?>[] work = [.. Enumerable.Range(0, 100).Select(WorkAsync)];
        return new JsonArray([.. (await Task.WhenAll(work)).Select(text => (JsonNode?)text)]);

        async Task<string?> WorkAsync(int i)
        {
            await using NpgsqlConnection c = await source.OpenConnectionAsync(script.Token);
            string? before = await script.OneAsync(c, "select current_setting('search_path')");
            await script.RowsAsync(c, $"set search_path = worker_{i}");
            return before
                + " "
                + await script.OneAsync(c, "select current_setting('search_path') || $1", i.ToString("D2", null));
        }
    }

    private static async Task<JsonNode?> MultiplexedAsync(NpgsqlScript script)
    {
        NpgsqlDataSourceBuilder builder = new(script.Connect("Pooling=true;Multiplexing=true;Maximum Pool Size=3"));
        await using NpgsqlDataSource source = builder.Build();
        Task<object?>[] work = [.. Enumerable.Range(0, 200).Select(WorkAsync)];
        return (await Task.WhenAll(work)).Sum(value => (int)value!);

        async Task<object?> WorkAsync(int i)
        {
            await using NpgsqlCommand command = source.CreateCommand("select $1::int * 2");
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = i });
            return await command.ExecuteScalarAsync(script.Token);
        }
    }
}
