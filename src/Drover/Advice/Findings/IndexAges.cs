// How old indexes are, as far as anything tells: PostgreSQL keeps no time at which one was made.
using Drover.Advice.Building;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>How old an index is.</summary>
/// <param name="Value">For how long it has been there.</param>
/// <param name="IsAtLeast">It is that old or older.</param>
/// <param name="Source">What tells it, for a person.</param>
internal sealed record IndexAge(TimeSpan Value, bool IsAtLeast, string Source);

/// <summary>An index without a scan that is too young to be called unused.</summary>
/// <param name="Index">Qualified.</param>
/// <param name="Table">Qualified.</param>
/// <param name="Age">How old it is.</param>
internal sealed record YoungIndex(string Index, string Table, IndexAge Age);

/// <summary>
/// Two sources: what <c>drover index apply</c> noted (<see cref="BuiltIndexes"/>), and commit timestamps
/// (https://www.postgresql.org/docs/18/functions-info.html). For those the oldest of an index's rows in the catalogs
/// counts: ALTER INDEX and REINDEX rewrite some of them, hardly ever those of its columns. A row without a timestamp is
/// older than the oldest one that is kept.
/// </summary>
internal static class IndexAges
{
    private const string Tracking = "SELECT current_setting('track_commit_timestamp') = 'on'";

    private const string Sql = """
        WITH kept AS (
            SELECT pg_xact_commit_timestamp(nullif(oldest_commit_ts_xid::text, '0')::xid) AS oldest
            FROM pg_catalog.pg_control_checkpoint())
        SELECT i.indexrelid, made.at > '-infinity',
               extract(epoch FROM clock_timestamp() - greatest(made.at, kept.oldest))::float8
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid CROSS JOIN kept
        CROSS JOIN LATERAL (
            SELECT least(coalesce(pg_xact_commit_timestamp(c.xmin), '-infinity'),
                         coalesce(pg_xact_commit_timestamp(i.xmin), '-infinity'),
                         min(coalesce(pg_xact_commit_timestamp(a.xmin), '-infinity'))) AS at
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indexrelid) made
        WHERE c.relkind = 'i' AND i.indexrelid >= 16384 AND (made.at > '-infinity' OR kept.oldest IS NOT NULL)
        """;

    /// <summary>By the index's oid; without those of which nothing is known.</summary>
    public static async Task<Dictionary<uint, IndexAge>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        Dictionary<uint, IndexAge> ages = [];
        if (await connection.ScalarAsync(Tracking, [], cancellation) is true)
        {
            await ReadCommitsAsync(connection, ages, cancellation);
        }
        foreach ((uint index, TimeSpan age) in await BuiltIndexes.ReadAsync(connection, cancellation))
        {
            ages[index] = new IndexAge(age, IsAtLeast: false, "as drover index apply noted");
        }
        return ages;
    }

    private static async Task ReadCommitsAsync(
        NpgsqlConnection connection,
        Dictionary<uint, IndexAge> ages,
        CancellationToken cancellation
    )
    {
        try
        {
            List<(uint Index, bool IsExact, double Seconds)> all = await connection.ListAsync(
                Sql,
                [],
                static row => (row.GetFieldValue<uint>(0), row.GetBoolean(1), row.GetDouble(2)),
                cancellation
            );
            foreach ((uint index, bool isExact, double seconds) in all)
            {
                TimeSpan age = TimeSpan.FromSeconds(Math.Max(0, seconds));
                ages[index] = new IndexAge(age, !isExact, "by commit timestamps");
            }
        }
        catch (PostgresException failure)
            when (failure.SqlState
                    is PostgresErrorCodes.ObjectNotInPrerequisiteState
                        or PostgresErrorCodes.InsufficientPrivilege
            )
        {
            // A standby whose primary tracks none; or a role from which pg_control_checkpoint was taken.
        }
    }
}
