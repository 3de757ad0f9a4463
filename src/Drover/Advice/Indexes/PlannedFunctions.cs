// Functions of PostgreSQL's own that planning must not run for whoever wrote a statement.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Indexes;

/// <summary>
/// For an estimate the planner runs stable functions on constants too, and some of them run what anybody wrote:
/// table_to_xml reads a view, pg_input_is_valid a domain's CHECK. So of the stable ones only those named here are let
/// through. Volatile ones it never runs; immutable ones and aggregates touch no object by a name.
/// </summary>
internal static class PlannedFunctions
{
    private static readonly string[] s_known =
    [
        .. (
            "now transaction_timestamp statement_timestamp date_trunc date_part extract timezone age date time timetz "
            + "timestamp timestamptz interval to_char to_date to_timestamp to_number make_timestamptz date_add "
            + "date_subtract concat concat_ws format array_to_string string_to_array to_json to_jsonb row_to_json "
            + "array_to_json json_build_object json_build_array jsonb_build_object jsonb_build_array to_tsvector "
            + "to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery current_setting current_database "
            + "current_schema current_user session_user pg_typeof generate_series"
        ).Split(' '),
    ];

    private const string Sql = """
        SELECT DISTINCT proname::text FROM pg_catalog.pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 's' AND prokind = 'f'
          AND proname <> ALL ($1::text[]::name[])
        """;

    /// <summary>The names that are refused.</summary>
    public static async Task<HashSet<string>> RefusedAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    ) => [.. await connection.ListAsync(Sql, [s_known], static row => row.GetString(0), cancellation)];
}
