// A case's own database, as its superuser sees it: rows compared, structure described, remains looked for.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>The table belongs to the role app, which is no superuser.</summary>
internal sealed class CaseDatabase : IAsyncDisposable
{
    private const int DifferencesShown = 5;

    private readonly LocalPostgresCluster _cluster;
    private readonly string _database;
    private readonly NpgsqlConnection _admin;
    private readonly CancellationToken _stop;

    private CaseDatabase(
        LocalPostgresCluster cluster,
        string database,
        NpgsqlConnection admin,
        CancellationToken stop
    ) => (_cluster, _database, _admin, _stop) = (cluster, database, admin, stop);

    /// <summary>How the role app connects.</summary>
    public string AppConnectionString
    {
        get
        {
            NpgsqlConnectionStringBuilder builder = new(_cluster.ConnectionStringTo(_database)) { Username = "app" };
            return builder.ConnectionString;
        }
    }

    /// <summary>A new database in which the case's table has been made.</summary>
    public static async Task<CaseDatabase> CreateAsync(
        PostgresFixture postgres,
        int major,
        ConversionCase @case,
        CancellationToken stop
    )
    {
        (LocalPostgresCluster cluster, string name) = await postgres.CreateDatabaseAsync(major, stop);
        CaseDatabase database = new(cluster, name, await cluster.OpenAsync(name, stop), stop);
        await database.RunAsync(
            $"""
            GRANT CREATE ON DATABASE {name} TO app;
            GRANT CREATE, USAGE ON SCHEMA public TO app;
            CREATE EXTENSION pg_stat_statements;
            CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
            """
        );
        await using NpgsqlConnection app = await database.OpenAppAsync(stop);
        await CaseScript.RunAsync(app, @case.Create, stop);
        return database;
    }

    /// <summary>A session of the application.</summary>
    public async Task<NpgsqlConnection> OpenAppAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(AppConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    /// <summary>Runs statements as superuser.</summary>
    public Task RunAsync(string sql) => CaseScript.RunAsync(_admin, sql, _stop);

    /// <summary>A query's rows as superuser.</summary>
    public Task<string> AskAsync(string sql) => CaseScript.AskAsync(_admin, sql, _stop);

    /// <summary>All rows, whatever their order, as one number.</summary>
    public Task<string> DigestAsync(QualifiedName table) =>
        AskAsync(
            "SELECT count(*), sum(hashtextextended(row_::text, 0)), sum(hashtextextended(row_::text, 1)) "
                + $"FROM {table} AS row_"
        );

    /// <summary>Fails if the tables do not hold the same rows.</summary>
    public async Task AssertEqualAsync(QualifiedName one, QualifiedName other, string when)
    {
        string rows = await AskAsync(
            $"""
            (SELECT 'only in {one}: ' || row_::text FROM {one} AS row_
              EXCEPT ALL SELECT 'only in {one}: ' || row_::text FROM {other} AS row_)
            UNION ALL
            (SELECT 'only in {other}: ' || row_::text FROM {other} AS row_
             EXCEPT ALL SELECT 'only in {other}: ' || row_::text FROM {one} AS row_)
            LIMIT {DifferencesShown}
            """
        );
        Assert.True(rows.Length == 0, $"the tables differ {when}:\n{rows}");
    }

    /// <summary>Fails if a table holds a row that its bound as a partition does not allow.</summary>
    public async Task AssertBoundsAsync(uint oid, string when)
    {
        string condition = await AskAsync($"SELECT pg_get_partition_constraintdef({oid})");
        string outside = condition.Trim().Length == 0 ? "false" : $"NOT ({condition})";
        string name = (await AskAsync($"SELECT {oid}::regclass")).Trim();
        Assert.True(await AskAsync($"SELECT FROM ONLY {name} WHERE {outside}") == "", $"rows outside {name} {when}");
    }

    /// <summary>What everybody but Drover has made here, by names; one line each.</summary>
    /// <param name="isExact">Also what a conversion changes on purpose: keys, the kind of the table.</param>
    public async Task<string> DescribeAsync(bool isExact)
    {
        string all = await AskAsync(CaseStructure.Query);
        return isExact
            ? all
            : string.Join('\n', all.Split('\n').Where(line => !line.StartsWith('~')).Order(StringComparer.Ordinal));
    }

    /// <summary>Fails if anything of Drover's is left but its journal.</summary>
    public async Task AssertNothingIsLeftAsync() => Assert.Equal("", await AskAsync(CaseStructure.Remains));

    public async ValueTask DisposeAsync() => await _admin.DisposeAsync();
}
