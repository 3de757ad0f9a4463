// A history that an older Drover made, or a newer one.
using Drover.App.LocalPostgres;
using Drover.History;
using Drover.History.Store;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Npgsql;

namespace Drover.IntegrationTests.History;

public sealed class HistoryUpgradeTests(PostgresFixture fixture)
{
    private const string FirstVersion = """
        'history_version', 'history_servers', 'server_samples', 'database_samples', 'table_samples',
        'statement_samples', 'history_statements', 'growth_days'
        """;

    // Leaves what version 1 had, with its rows.
    private const string BackToFirst = $"""
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT relname FROM pg_class c WHERE relnamespace = 'drover'::regnamespace
                AND relkind IN ('r', 'p') AND NOT relispartition
                AND relname NOT IN ({FirstVersion}) AND relname NOT LIKE 'partition%'
            LOOP EXECUTE 'DROP TABLE drover.' || quote_ident(name); END LOOP;
            UPDATE drover.history_version SET version = 1;
        END $$
        """;

    private const string Rows = """
        SELECT concat_ws(' ', (SELECT count(*) FROM drover.server_samples), (SELECT count(*) FROM drover.growth_days),
            (SELECT count(*) FROM drover.table_samples), (SELECT min(created_at) FROM drover.history_servers))
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_history_of_the_first_version_is_brought_to_this_one_and_keeps_its_rows(int major)
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        await cluster.ExecuteAsync(BackToFirst, Token, database);
        await using NpgsqlConnection one = await cluster.OpenAsync(database, Token);
        await using NpgsqlConnection other = await cluster.OpenAsync(database, Token);
        string before = await ScalarAsync<string>(one, Rows);
        Assert.False(await ScalarAsync<bool>(one, "SELECT to_regclass('drover.access_days') IS NOT NULL"));
        // Two at once.
        await Task.WhenAll(HistorySchema.EnsureAsync(one, Token), HistorySchema.EnsureAsync(other, Token));
        Assert.True(await ScalarAsync<bool>(one, "SELECT to_regclass('drover.access_days') IS NOT NULL"));
        Assert.Equal(HistorySchema.Version, await ScalarAsync<int>(one, "SELECT version FROM drover.history_version"));
        Assert.Equal(before, await ScalarAsync<string>(one, Rows));
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        await stage.UntilAsync(static status => status.History == HistoryState.Written);
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_history_of_a_newer_version_is_refused_and_left_as_it_is(int major)
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        await cluster.ExecuteAsync("UPDATE drover.history_version SET version = version + 1", Token, database);
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        string before = await ScalarAsync<string>(connection, Rows);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        await stage.UntilAsync(static status => status.History == HistoryState.NotWritten);
        MonitorStatus status = stage.Monitor.Latest(MonitorStage.Server);
        Assert.Equal(MonitorState.Measured, status.State);
        string text =
            $"has version {HistorySchema.Version + 1}, made by a newer Drover; this one knows "
            + $"{HistorySchema.Version} at the most: update it, or set history in [monitor] to another database";
        Assert.Contains(text, status.HistoryProblem, StringComparison.Ordinal);
        Assert.Equal(before, await ScalarAsync<string>(connection, Rows));
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task A_role_that_may_not_change_an_older_history_is_told_who_may(int major)
    {
        (LocalPostgresCluster cluster, string database) = await MadeAsync(major);
        string role = $"reader_{database}";
        await cluster.ExecuteAsync(
            $"{BackToFirst}; CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA drover TO {role}; "
                + $"GRANT SELECT ON ALL TABLES IN SCHEMA drover TO {role}",
            Token,
            database
        );
        await using NpgsqlConnection connection = await cluster.OpenAsync(database, Token);
        await using (NpgsqlCommand become = new($"SET ROLE {role}", connection))
        {
            await become.ExecuteNonQueryAsync(Token);
        }
        OperationException refused = await Assert.ThrowsAsync<OperationException>(() =>
            HistorySchema.EnsureAsync(connection, Token)
        );
        Assert.Contains("has version 1 and is not brought to", refused.Message, StringComparison.Ordinal);
        Assert.Contains("let its tables' owner do it once", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, await ScalarAsync<int>(connection, "SELECT version FROM drover.history_version"));
    }

    private async Task<(LocalPostgresCluster Cluster, string Database)> MadeAsync(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 1000) AS id", Token, database);
        await using MonitorStage stage = await MonitorStage.StartAsync(Options(cluster, database));
        await stage.UntilAsync(static status => status.History == HistoryState.Written);
        await stage.SettleAsync();
        return (cluster, database);
    }

    private static Configuration.DroverOptions Options(LocalPostgresCluster cluster, string database) =>
        MonitorStage.Options("", (MonitorStage.Server, MonitorStage.Url(cluster, database)));

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
