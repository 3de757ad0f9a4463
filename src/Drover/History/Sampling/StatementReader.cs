// Reads pg_stat_statements without its texts, which are the dear part, and each text once.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History.Sampling;

/// <summary>Reads the statements of the connection's database.</summary>
internal sealed class StatementReader(NpgsqlConnection connection, int textMax)
{
    private const string SchemaSql = """
        SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """;

    private const string Here = "dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())";

    private string? _schema;

    /// <summary>Why there is nothing to read, and what would give it; null when there is.</summary>
    public string? Problem { get; private set; }

    /// <summary>All statements; empty with a problem.</summary>
    public async Task<IReadOnlyList<StatementRow>> ReadAsync(CancellationToken cancellation)
    {
        _schema ??= await connection.ScalarAsync(SchemaSql, [], cancellation) as string;
        if (_schema is null)
        {
            Problem =
                "CREATE EXTENSION pg_stat_statements; shared_preload_libraries must name it, "
                + "which needs a restart";
            return [];
        }
        try
        {
            List<StatementRow> rows = await connection.ListAsync(
                $"""
                SELECT coalesce(queryid, 0), userid, calls, total_exec_time, rows, shared_blks_hit, shared_blks_read
                FROM {_schema}.pg_stat_statements(false) WHERE {Here} AND calls > 0
                """,
                [],
                static row => new StatementRow(
                    row.GetInt64(0),
                    row.GetFieldValue<uint>(1),
                    new StatementTotals(
                        row.GetInt64(2),
                        row.GetDouble(3),
                        row.GetInt64(4),
                        row.GetInt64(5),
                        row.GetInt64(6)
                    )
                ),
                cancellation
            );
            Problem = null;
            return rows;
        }
        catch (PostgresException failure) when (failure.SqlState is "55000" or "42501" or "42883" or "3F000")
        {
            // Not preloaded, not permitted, or dropped since.
            _schema = null;
            Problem = $"{failure.MessageText}; set shared_preload_libraries, or GRANT pg_read_all_stats";
            return [];
        }
    }

    /// <summary>The texts of some statements, blanks made one; a statement that may not be seen has none.</summary>
    public async Task<IReadOnlyDictionary<long, string>> TextsAsync(long[] ids, CancellationToken cancellation)
    {
        Dictionary<long, string> texts = [];
        if (ids.Length == 0 || _schema is null)
        {
            return texts;
        }
        List<(long Id, string Text)> rows = await connection.ListAsync(
            $"""
            SELECT queryid, left(regexp_replace(query, '\s+', ' ', 'g'), $2) FROM {_schema}.pg_stat_statements(true)
            WHERE {Here} AND queryid = ANY ($1) AND query IS NOT NULL
            """,
            [ids, textMax],
            static row => (row.GetInt64(0), row.GetString(1)),
            cancellation
        );
        foreach ((long id, string text) in rows)
        {
            texts[id] = text;
        }
        return texts;
    }
}
