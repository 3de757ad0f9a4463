// Has the server plan statements, and never run one.
using System.Text.Json;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>
/// PREPARE and EXPLAIN EXECUTE with plan_cache_mode = force_generic_plan: the plan that holds for any value, and the
/// same way on 15, which has no EXPLAIN (GENERIC_PLAN), and on 18. NULL stands for every value, and is not looked at.
/// Each in a read-only transaction of its own with a short statement_timeout, so that no lock is held for long.
/// </summary>
internal sealed class PlanSession : IAsyncDisposable
{
    private const string Begin = """
        SET statement_timeout = '3s'; SET lock_timeout = '500ms'; SET plan_cache_mode = 'force_generic_plan';
        SET search_path = pg_catalog; SET default_transaction_read_only = on
        """;

    private const string End = """
        RESET plan_cache_mode; SET search_path = ''; SET default_transaction_read_only = off
        """;

    private readonly NpgsqlConnection _connection;
    private readonly string? _hypopg;
    private readonly (string Statement, string Lock) _timeouts;
    private IReadOnlyList<IndexCandidate> _set = [];

    private PlanSession(NpgsqlConnection connection, string? hypopg, (string, string) timeouts) =>
        (_connection, _hypopg, _timeouts) = (connection, hypopg, timeouts);

    /// <summary>A plan has two levels for each of its steps, and one of many joins is deep.</summary>
    internal static JsonDocumentOptions Deep { get; } = new() { MaxDepth = 1000 };

    /// <summary>Indexes can be supposed: HypoPG is installed.</summary>
    public bool IsHypothetical => _hypopg is not null;

    /// <summary>Why a statement could not be planned, for want of a privilege; else null.</summary>
    public string? Denied { get; private set; }

    /// <summary>The last statement could not be planned for want of a privilege.</summary>
    public bool IsDenied { get; private set; }

    /// <summary>Bytes of supposed indexes, by HypoPG's estimate.</summary>
    public Dictionary<IndexCandidate, long> Bytes { get; } = [];

    /// <summary>Changes the session's settings until it is disposed.</summary>
    public static async Task<PlanSession> OpenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        string? hypopg =
            await connection.ScalarAsync(
                """
                SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
                JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'
                """,
                [],
                cancellation
            ) as string;
        (string, string) timeouts = (
            await connection.ListAsync(
                "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')",
                [],
                static row => (row.GetString(0), row.GetString(1)),
                cancellation
            )
        )[0];
        await connection.ExecuteAsync(Begin, [], cancellation);
        return new PlanSession(connection, hypopg, timeouts);
    }

    /// <summary>Supposes these indexes and no others; false if one of them cannot be.</summary>
    public async Task<bool> SupposeAsync(IReadOnlyList<IndexCandidate> set, CancellationToken cancellation)
    {
        if (_hypopg is null || set.SequenceEqual(_set))
        {
            return true;
        }
        await _connection.ExecuteAsync($"SELECT {_hypopg}.hypopg_reset()", [], cancellation);
        _set = [];
        foreach (IndexCandidate candidate in set)
        {
            try
            {
                Bytes[candidate] = await SupposeAsync(candidate, cancellation);
            }
            catch (PostgresException)
            {
                return false;
            }
        }
        _set = [.. set];
        return true;
    }

    /// <summary>The plan; null if the server does not make one.</summary>
    public async Task<JsonDocument?> PlanAsync(StudiedStatement statement, CancellationToken cancellation)
    {
        IsDenied = false;
        string values = string.Join(", ", Enumerable.Repeat("NULL", statement.Parameters));
        string execute = statement.Parameters == 0 ? "drover_trial" : $"drover_trial({values})";
        await using NpgsqlBatch batch = new(_connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("BEGIN READ ONLY"),
                new NpgsqlBatchCommand($"PREPARE drover_trial AS {statement.Sql}"),
                new NpgsqlBatchCommand($"EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE {execute}"),
                new NpgsqlBatchCommand("ROLLBACK"),
                new NpgsqlBatchCommand("DEALLOCATE drover_trial"),
            },
        };
        try
        {
            string? json = null;
            await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellation))
            {
                do
                {
                    while (await reader.ReadAsync(cancellation))
                    {
                        json = reader.GetString(0);
                    }
                } while (await reader.NextResultAsync(cancellation));
            }
            return json is null ? null : JsonDocument.Parse(json, Deep);
        }
        catch (Exception failure) when (failure is PostgresException or NotSupportedException or JsonException)
        {
            // A name that is not there any more, a type that cannot be told, a lock, a privilege.
            IsDenied = failure is PostgresException { SqlState: "42501" };
            Denied = IsDenied ? ((PostgresException)failure).MessageText : Denied;
            await _connection.ExecuteAsync("ROLLBACK", [], cancellation);
            await _connection.ExecuteAsync("DEALLOCATE ALL", [], cancellation);
            return null;
        }
    }

    /// <summary>The planner's estimate for all of a plan.</summary>
    public static double CostOf(JsonDocument plan) =>
        plan.RootElement[0].GetProperty("Plan").GetProperty("Total Cost").GetDouble();

    /// <summary>The session is as it was.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_connection.State != System.Data.ConnectionState.Open)
        {
            return;
        }
        if (_hypopg is not null && _set.Count > 0)
        {
            await _connection.ExecuteAsync($"SELECT {_hypopg}.hypopg_reset()", [], CancellationToken.None);
        }
        await _connection.ExecuteAsync(End, [], CancellationToken.None);
        const string Timeouts =
            "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)";
        await _connection.ExecuteAsync(Timeouts, [_timeouts.Statement, _timeouts.Lock], CancellationToken.None);
    }

    private async Task<long> SupposeAsync(IndexCandidate candidate, CancellationToken cancellation)
    {
        long bytes = 0;
        foreach (string heap in candidate.Table.Heaps)
        {
            bytes += await _connection.ScalarAsync(
                $"SELECT {_hypopg}.hypopg_relation_size(h.indexrelid) FROM {_hypopg}.hypopg_create_index($1) h",
                [$"CREATE INDEX ON {heap} {candidate.Body}"],
                cancellation
            )
                is long size
                ? size
                : 0;
        }
        return bytes;
    }
}
