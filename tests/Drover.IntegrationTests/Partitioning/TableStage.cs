// A database of its own with one table to look at, on the shared PostgreSQL.
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning;

/// <summary>One test's database. The roles <c>app</c> and <c>App 2</c> exist on every shared cluster.</summary>
internal sealed class TableStage : IAsyncDisposable
{
    private const string Roles = """
        DO $$ BEGIN
            PERFORM pg_advisory_xact_lock(7025);
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') THEN CREATE ROLE app LOGIN; END IF;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'App 2') THEN CREATE ROLE "App 2" LOGIN; END IF;
        END $$;
        """;

    private TableStage(NpgsqlConnection connection) => Connection = connection;

    /// <summary>The superuser's.</summary>
    public NpgsqlConnection Connection { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new database, in which <paramref name="sql"/> has run.</summary>
    public static async Task<TableStage> StartAsync(PostgresFixture postgres, int major, string sql)
    {
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        NpgsqlConnectionStringBuilder builder = new(cluster.ConnectionString) { Database = database, Pooling = false };
        TableStage stage = new(new NpgsqlConnection(builder.ConnectionString));
        await stage.Connection.OpenAsync(Token);
        await stage.RunAsync(Roles);
        await stage.RunAsync("GRANT CREATE ON SCHEMA public TO app");
        await stage.RunAsync(sql);
        return stage;
    }

    /// <summary>Another connection to the same database.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string user = LocalPostgresCluster.Superuser)
    {
        NpgsqlConnectionStringBuilder builder = new(Connection.ConnectionString) { Username = user };
        NpgsqlConnection connection = new(builder.ConnectionString);
        await connection.OpenAsync(Token);
        return connection;
    }

    public async Task RunAsync(string sql)
    {
        await using NpgsqlCommand command = new(sql, Connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    public async Task RunAsync(IEnumerable<string> statements)
    {
        foreach (string statement in statements)
        {
            await RunAsync(statement);
        }
    }

    /// <summary>The first column of all rows as text, joined by line feeds.</summary>
    public async Task<string> AskAsync(string sql)
    {
        await using NpgsqlCommand command = new(sql, Connection) { AllResultTypesAreUnknown = true };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<string> rows = [];
        while (await reader.ReadAsync(Token))
        {
            rows.Add(await reader.IsDBNullAsync(0, Token) ? "NULL" : reader.GetString(0));
        }
        return string.Join('\n', rows);
    }

    public async Task<TableDescription> DescribeAsync(string name = "orders")
    {
        uint oid = (await TableCatalog.FindAsync(Connection, name, Token))!.Value;
        return (await TableCatalog.ReadAsync(Connection, oid, Token))!;
    }

    public ValueTask DisposeAsync() => Connection.DisposeAsync();
}
