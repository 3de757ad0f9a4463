// The table under stress: how it is made, and what is in it.
using System.Globalization;
using System.Text;
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>A row as it was found.</summary>
/// <param name="Id">The key.</param>
/// <param name="Row">The values.</param>
/// <param name="Place">The table that it lies in.</param>
internal sealed record FoundRow(long Id, LedgerRow Row, string Place);

/// <summary>The table <c>ledger</c> in one database.</summary>
/// <param name="cluster">The server.</param>
/// <param name="database">The database.</param>
internal sealed class Ledger(LocalPostgresCluster cluster, string database)
{
    /// <summary>Keys of rows that all writers count up; they are below those that have one owner.</summary>
    public const int HotRows = 3;

    /// <summary>Arguments of <c>start</c>.</summary>
    public const string Plan =
        "ledger --by at --interval month --premake 1 " + "--allow weaken-unique-keys --allow wal-retention";

    /// <summary>The same without copying.</summary>
    public const string AttachPlan = Plan + " --strategy attach --allow keys-beyond-bound";

    private const string Create = """
        CREATE TABLE owners (id int PRIMARY KEY);
        INSERT INTO owners SELECT generate_series(0, 9);
        CREATE TABLE ledger (
          id bigint PRIMARY KEY, owner int NOT NULL REFERENCES owners, at timestamptz NOT NULL, n bigint,
          amount numeric, word text, token text UNIQUE, flag boolean, ratio double precision, doc jsonb, raw bytea);
        CREATE INDEX ledger_owner_at ON ledger (owner, at);
        CREATE VIEW ledger_words AS SELECT id, word FROM ledger WHERE word IS NOT NULL;
        """;

    private static readonly string s_columns = string.Join(", ", LedgerRow.Columns);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The program on this database.</summary>
    public DroverProgram Program { get; } = new(() => cluster.Port, database);

    /// <summary>The server.</summary>
    public LocalPostgresCluster Cluster => cluster;

    /// <summary>INSERT without its end.</summary>
    public static string Insert(long id, LedgerRow row) =>
        $"INSERT INTO ledger (id, owner, {s_columns}) VALUES ({id}, {Math.Abs(id) % 10}, {row.Literals()})";

    /// <summary>Makes the table, with the rows that the tallies begin with.</summary>
    public async Task CreateAsync(IEnumerable<LedgerTally> tallies)
    {
        StringBuilder sql = new(Create);
        foreach ((long id, LedgerRow row) in tallies.SelectMany(tally => tally.Rows))
        {
            sql.Append(CultureInfo.InvariantCulture, $"{Insert(id, row)};\n");
        }
        for (int hot = 1; hot <= HotRows; hot++)
        {
            sql.Append(
                CultureInfo.InvariantCulture,
                $"INSERT INTO ledger (id, owner, at, n) VALUES ({-hot}, 0, '{LedgerRow.Instant(hot)}', 0);\n"
            );
        }
        sql.Append("ANALYZE ledger;");
        await ExecuteAsync(sql.ToString());
    }

    public Task ExecuteAsync(string sql) => cluster.ExecuteAsync(sql, Token, database);

    public Task<string?> QueryAsync(string sql) => cluster.QueryAsync(sql, Token, database);

    /// <summary>A session of the application.</summary>
    /// <param name="name">Its application name.</param>
    public async Task<NpgsqlConnection> OpenAsync(string name)
    {
        NpgsqlConnectionStringBuilder builder = new(cluster.ConnectionStringTo(database))
        {
            ApplicationName = name,
            Timezone = "UTC",
            // A statement that hangs for longer is a finding, also on a machine that is busy with other tests.
            CommandTimeout = 180,
        };
        NpgsqlConnection connection = new(builder.ConnectionString);
        await connection.OpenAsync(Token);
        return connection;
    }

    /// <summary>All rows, or those of some keys.</summary>
    public static async Task<List<FoundRow>> ReadAsync(NpgsqlConnection connection, IEnumerable<long>? ids = null)
    {
        string texts = string.Join(", ", LedgerRow.Columns.Select(name => $"{name}::text"));
        string where = ids is null ? "" : $"WHERE id = ANY ('{{{string.Join(',', ids)}}}')";
        await using NpgsqlCommand command = new(
            $"SELECT id, tableoid::regclass::text, {texts} FROM ledger {where} ORDER BY id",
            connection
        );
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        List<FoundRow> rows = [];
        while (await reader.ReadAsync(Token))
        {
            string?[] values = new string?[LedgerRow.Columns.Length];
            for (int column = 0; column < values.Length; column++)
            {
                values[column] = reader.IsDBNull(column + 2) ? null : reader.GetString(column + 2);
            }
            rows.Add(new FoundRow(reader.GetInt64(0), new LedgerRow(values), reader.GetString(1)));
        }
        return rows;
    }
}
