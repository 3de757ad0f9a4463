// Writes samples of one server into the history, from one session that is the server's only writer.
using System.Globalization;
using Drover.Advice.Ages;
using Drover.Advice.Plans;
using Drover.History.Sampling;
using Drover.Operations.Connections;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.History.Store;

/// <summary>
/// An open session. It is the writer as long as it holds the server's advisory lock: one that is lost is closed by the
/// server, and the lock goes with it. Not safe for several threads.
/// </summary>
internal sealed class HistoryWriter : IAsyncDisposable
{
    private const string Purpose = "history";

    private static readonly string s_serverSql = Insert(
        "server_samples",
        ["at", "server_id", .. ServerMetric.All.Select(static metric => metric.Name)]
    );

    private readonly NpgsqlConnection _connection;
    private readonly string _server;
    private int? _number;

    private HistoryWriter(NpgsqlConnection connection, string server)
    {
        _connection = connection;
        _server = server;
    }

    /// <summary>Whether this session writes; else another one does.</summary>
    public bool IsWriter => _number is not null;

    /// <summary>The plans of the server; null while this session is not the writer.</summary>
    public PlanStore? Plans => _number is { } number ? new PlanStore(_connection, number) : null;

    /// <summary>Opens a session; it is not the writer yet.</summary>
    public static async Task<HistoryWriter> OpenAsync(
        ServerAccess access,
        string server,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = await access.OpenAsync(cancellationToken);
        try
        {
            // A sample that is lost in a crash is lost; waiting for the disk every few seconds would cost more.
            await connection.ExecuteAsync("SET synchronous_commit = off", [], cancellationToken);
            await MonitorConnections.HideAsync(connection, cancellationToken);
            return new HistoryWriter(connection, server);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Becomes the writer if nobody else is, and makes the tables then.</summary>
    public async Task<bool> TryBecomeWriterAsync(CancellationToken cancellationToken)
    {
        if (_number is not null)
        {
            return true;
        }
        if (!await AdvisoryLocks.TryTakeAsync(_connection, Purpose, _server, cancellationToken))
        {
            return false;
        }
        await HistorySchema.EnsureAsync(_connection, cancellationToken);
        _number = await HistorySchema.NumberOfAsync(_connection, _server, cancellationToken);
        return true;
    }

    /// <summary>Writes the server's values.</summary>
    public Task WriteAsync(ServerSample sample, CancellationToken cancellationToken)
    {
        object?[] row =
        [
            sample.At,
            _number,
            .. ServerMetric.All.Select(metric =>
                sample.Values.TryGetValue(metric.Name, out double value) ? (object?)value : null
            ),
        ];
        return _connection.ExecuteAsync(s_serverSql, row, cancellationToken);
    }

    /// <summary>Writes what happened in each database over a span of time that ends at a moment.</summary>
    public Task WriteDatabasesAsync(
        DateTimeOffset at,
        IReadOnlyCollection<DatabaseTotals> databases,
        IReadOnlyDictionary<string, long>? sizes,
        CancellationToken cancellationToken
    ) =>
        _connection.ExecuteAsync(
            """
            INSERT INTO drover.database_samples
            SELECT $1, $2, r.name, nullif(r.bytes, -1), r.transactions, r.hit, r.read, r.deadlocks, r.temp
            FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
                AS r (name, bytes, transactions, hit, read, deadlocks, temp)
            ON CONFLICT DO NOTHING
            """,
            [
                at,
                _number,
                databases.Select(static one => one.Name).ToArray(),
                databases.Select(one => sizes?.GetValueOrDefault(one.Name, -1) ?? -1).ToArray(),
                databases.Select(static one => one.Transactions).ToArray(),
                databases.Select(static one => one.BlocksHit).ToArray(),
                databases.Select(static one => one.BlocksRead).ToArray(),
                databases.Select(static one => one.Deadlocks).ToArray(),
                databases.Select(static one => one.TempBytes).ToArray(),
            ],
            cancellationToken
        );

    /// <summary>Writes tables as they are at a moment, and the day's row of each.</summary>
    public async Task WriteTablesAsync(
        DateTimeOffset at,
        IReadOnlyCollection<TableChange> tables,
        CancellationToken cancellationToken
    )
    {
        await _connection.ExecuteAsync(
            """
            INSERT INTO drover.table_samples
            SELECT $1, $2, r.name, r.bytes, r.total, r.rows, r.dead, nullif(r.bloat, -1), r.sequential, r.index
            FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::float8[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bigint[]) AS r (name, bytes, total, rows, dead, bloat, sequential, index)
            ON CONFLICT DO NOTHING
            """,
            [
                at,
                _number,
                tables.Select(static one => one.Facts.Name).ToArray(),
                tables.Select(static one => one.Facts.Bytes).ToArray(),
                tables.Select(static one => one.Facts.TotalBytes).ToArray(),
                tables.Select(static one => one.Facts.Rows).ToArray(),
                tables.Select(static one => one.Facts.DeadRows).ToArray(),
                tables.Select(static one => one.Facts.ExpectedBytes is null ? -1 : one.Facts.BloatBytes).ToArray(),
                tables.Select(static one => one.SequentialScans).ToArray(),
                tables.Select(static one => one.IndexScans).ToArray(),
            ],
            cancellationToken
        );
        await _connection.ExecuteAsync(
            """
            INSERT INTO drover.growth_days AS g (server_id, table_name, day, bytes, row_estimate)
            SELECT $1, r.name, $2, r.total, nullif(r.rows, -1)
            FROM unnest($3::text[], $4::bigint[], $5::float8[]) AS r (name, total, rows)
            ON CONFLICT (server_id, table_name, day) DO UPDATE
            SET bytes = excluded.bytes, row_estimate = excluded.row_estimate
            """,
            [
                _number,
                DayOf(at),
                tables.Select(static one => one.Facts.Name).ToArray(),
                tables.Select(static one => one.Facts.TotalBytes).ToArray(),
                tables.Select(static one => one.Facts.Rows).ToArray(),
            ],
            cancellationToken
        );
    }

    /// <summary>Adds to the day's row of the server as a whole.</summary>
    public Task WriteDayAsync(DateTimeOffset at, ServerDay day, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            """
            INSERT INTO drover.growth_days AS g
                (server_id, table_name, day, bytes, calls, total_ms, connections_max)
            VALUES ($1, '', $2, $3, $4, $5, $6)
            ON CONFLICT (server_id, table_name, day) DO UPDATE
            SET bytes = excluded.bytes, calls = g.calls + excluded.calls, total_ms = g.total_ms + excluded.total_ms,
                connections_max = greatest(g.connections_max, excluded.connections_max)
            """,
            [_number, DayOf(at), day.Bytes, day.Calls, day.TotalMs, day.Connections],
            cancellationToken
        );

    /// <summary>Adds to the day's counts of how far back statements ask.</summary>
    public Task WriteAccessAsync(
        DateTimeOffset at,
        IReadOnlyDictionary<AccessKey, AccessCounts> accesses,
        CancellationToken cancellationToken
    ) =>
        _connection.ExecuteAsync(
            """
            INSERT INTO drover.access_days AS a
                (server_id, day, table_name, source, d7, d30, d90, older, all_ages, unknown, samples)
            SELECT $1, $2, r.* FROM unnest($3::text[], $4::text[], $5::float8[], $6::float8[], $7::float8[],
                $8::float8[], $9::float8[], $10::float8[], $11::bigint[]) AS r
            ON CONFLICT (server_id, table_name, day, source) DO UPDATE
            SET d7 = a.d7 + excluded.d7, d30 = a.d30 + excluded.d30, d90 = a.d90 + excluded.d90,
                older = a.older + excluded.older, all_ages = a.all_ages + excluded.all_ages,
                unknown = a.unknown + excluded.unknown, samples = a.samples + excluded.samples
            """,
            [
                _number,
                DayOf(at),
                accesses.Keys.Select(static one => one.Table).ToArray(),
                accesses.Keys.Select(static one => one.Source).ToArray(),
                accesses.Values.Select(static one => one.Week).ToArray(),
                accesses.Values.Select(static one => one.Month).ToArray(),
                accesses.Values.Select(static one => one.Quarter).ToArray(),
                accesses.Values.Select(static one => one.Older).ToArray(),
                accesses.Values.Select(static one => one.All).ToArray(),
                accesses.Values.Select(static one => one.Unknown).ToArray(),
                accesses.Values.Select(static one => one.Samples).ToArray(),
            ],
            cancellationToken
        );

    /// <summary>Writes what statements did over a span of time that ends at a moment.</summary>
    public async Task WriteStatementsAsync(
        DateTimeOffset at,
        string database,
        IReadOnlyCollection<(long Id, string Text, StatementTotals Totals)> statements,
        CancellationToken cancellationToken
    )
    {
        long[] ids = [.. statements.Select(static one => one.Id)];
        await _connection.ExecuteAsync(
            """
            INSERT INTO drover.history_statements AS h (server_id, statement, database_name, query, seen_at)
            SELECT $1, r.id, $2, r.query, $3 FROM unnest($4::bigint[], $5::text[]) AS r (id, query)
            ON CONFLICT (server_id, statement) DO UPDATE SET seen_at = excluded.seen_at
            WHERE h.seen_at < excluded.seen_at - interval '1 hour'
            """,
            [
                _number,
                database,
                at,
                ids,
                statements.Select(static one => StatementText.WithoutValues(one.Text)).ToArray(),
            ],
            cancellationToken
        );
        await _connection.ExecuteAsync(
            """
            INSERT INTO drover.statement_samples
            SELECT $1, $2, r.id, r.calls, r.ms, r.rows, r.hit, r.read
            FROM unnest($3::bigint[], $4::bigint[], $5::float8[], $6::bigint[], $7::bigint[], $8::bigint[])
                AS r (id, calls, ms, rows, hit, read)
            ON CONFLICT DO NOTHING
            """,
            [
                at,
                _number,
                ids,
                statements.Select(static one => one.Totals.Calls).ToArray(),
                statements.Select(static one => one.Totals.TotalMs).ToArray(),
                statements.Select(static one => one.Totals.Rows).ToArray(),
                statements.Select(static one => one.Totals.BlocksHit).ToArray(),
                statements.Select(static one => one.Totals.BlocksRead).ToArray(),
            ],
            cancellationToken
        );
    }

    /// <summary>Forgets the texts of statements that were not seen since a moment.</summary>
    public Task ForgetStatementsAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        _connection.ExecuteAsync(
            "DELETE FROM drover.history_statements WHERE server_id = $1 AND seen_at < $2",
            [_number, before],
            cancellationToken
        );

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static DateOnly DayOf(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    private static string Insert(string table, IReadOnlyList<string> columns)
    {
        // The first two are the moment and the server; a value that is missing has no type of its own.
        IEnumerable<string> values = columns.Select(
            static (_, at) => string.Create(CultureInfo.InvariantCulture, $"${at + 1}{(at < 2 ? "" : "::float8")}")
        );
        return $"INSERT INTO drover.{table} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", values)}) "
            + "ON CONFLICT DO NOTHING";
    }
}

/// <summary>What a span of time adds to a day of a server.</summary>
internal readonly record struct ServerDay(long Bytes, double Calls, double TotalMs, int Connections);
