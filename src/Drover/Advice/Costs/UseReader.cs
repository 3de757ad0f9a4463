// What a server is used for, as its own counters have it.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Costs;

/// <summary>
/// Size by pg_database_size, statements by pg_stat_statements since its reset, I/O by pg_stat_io (before 16 by
/// pg_stat_bgwriter and pg_stat_database) since theirs. Means since a reset, not of now.
/// </summary>
internal static class UseReader
{
    private const string SizeSql = """
        SELECT sum(pg_database_size(oid))::text FROM pg_catalog.pg_database
        WHERE NOT datistemplate
          AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE'))
        """;

    private const string SchemaSql = """
        SELECT format('%I', n.nspname) FROM pg_catalog.pg_extension e
        JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
        """;

    private const string AgeSql = """
        SELECT extract(epoch FROM now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8 / 3600
        FROM pg_catalog.pg_stat_bgwriter
        """;

    // Those of pg_stat_io are reset by themselves.
    private const string IoAgeSql = """
        SELECT extract(epoch FROM now() - min(stats_reset))::float8 / 3600
        FROM pg_catalog.pg_stat_io WHERE object <> 'wal'
        """;

    private const string IoSql = """
        SELECT (sum(coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0))
                / nullif(extract(epoch FROM now() - min(stats_reset)), 0))::text
        FROM pg_catalog.pg_stat_io WHERE object <> 'wal'
        """;

    private const string OldIoSql = """
        SELECT ((b.buffers_checkpoint + b.buffers_clean + b.buffers_backend
                 + (SELECT sum(blks_read) FROM pg_catalog.pg_stat_database))
                / nullif(extract(epoch FROM now() - b.stats_reset), 0))::text
        FROM pg_catalog.pg_stat_bgwriter b
        """;

    /// <summary>Reads all three; what cannot be read is null.</summary>
    public static async Task<ServerUse> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        decimal? bytes = Number(await connection.ScalarAsync(SizeSql, [], cancellation));
        decimal? rate = null;
        if (await connection.ScalarAsync(SchemaSql, [], cancellation) is string schema)
        {
            try
            {
                rate = Number(await connection.ScalarAsync(RateSql(schema), [], cancellation));
            }
            catch (PostgresException missing) when (missing.SqlState is "55000" or "42501" or "42P01")
            {
                // It is not loaded, or hidden: unknown, and said so.
            }
        }
        bool hasIo = connection.PostgreSqlVersion.Major >= 16;
        decimal? ios = Number(await connection.ScalarAsync(hasIo ? IoSql : OldIoSql, [], cancellation));
        object? hours = await connection.ScalarAsync(hasIo ? IoAgeSql : AgeSql, [], cancellation);
        string age = FormattableString.Invariant($"I/O over the {hours:#,0.#} h since its counters' reset");
        return new ServerUse(
            bytes / 1_000_000_000m,
            rate,
            ios,
            rate is null
                ? $"measured now, {age}; pg_stat_statements cannot be read here"
                : $"measured now, {age}, statements since theirs"
        );
    }

    // Texts of others are hidden from most roles; those count, as commands are few.
    private static string RateSql(string schema) =>
        $"""
            SELECT (sum(s.calls) / nullif(extract(epoch FROM now() - max(i.stats_reset)), 0))::text
            FROM {schema}.pg_stat_statements s, {schema}.pg_stat_statements_info i
            WHERE s.toplevel AND (s.query = '<insufficient privilege>'
                OR s.query ~* '^\s*(select|insert|update|delete|merge|with|values)\y')
            """;

    private static decimal? Number(object? text) =>
        text is string digits
        && decimal.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number)
            ? number
            : null;
}
