// Makes the follower equal to the leader for the identities that the key log holds, without waiting for anybody.
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>What one sweep did.</summary>
/// <param name="Taken">Entries that it looked at.</param>
/// <param name="Cleared">Entries whose identities are equal now, and which are gone.</param>
/// <param name="Written">Rows of the follower that it deleted or inserted; and entries that were made equal by
/// somebody else than the transaction that noted them, after it.</param>
/// <param name="Last">The last entry that it looked at; the next sweep may go on behind it. 0: there was none.</param>
internal sealed record SweepResult(int Taken, int Cleared, int Written, long Last)
{
    /// <summary>Of all that it looked at, nothing had to be changed and nothing is left.</summary>
    public bool HasOnlyCleared => Written == 0 && Cleared == Taken;
}

/// <summary>
/// One sweep, in the caller's READ COMMITTED transaction. Rows that somebody holds are left for the next one: a sweep
/// that waited could close a circle of waits, and the application might be chosen as its victim. What entry goes is
/// decided at the end by one statement that finds both tables equal for its identity, so a sweep can do too little
/// but never lie.
/// </summary>
internal sealed class KeyLogSweep
{
    private readonly string _take;
    private readonly string _removeGone;
    private readonly string _lockPresent;
    private readonly string _removeStale;
    private readonly string _insert;
    private readonly string _clear;

    /// <summary>A sweep of the layout's key log.</summary>
    /// <param name="layout">The tables.</param>
    /// <param name="leader">The table that is right.</param>
    /// <param name="follower">The table that is made equal.</param>
    public KeyLogSweep(ConversionLayout layout, QualifiedName leader, QualifiedName follower)
    {
        string log = layout.KeyLog.ToString();
        string logged =
            $"(SELECT DISTINCT {ConversionSql.List(layout.LogColumns)} FROM {log} WHERE seq = ANY "
            + $"($1::text::bigint[])) AS l";
        string place = ConversionSql.List(layout.Place, "t");
        string source = $"SELECT FROM {leader} AS s WHERE {layout.MatchLog("s", "l")}";
        string same = layout.SameImage("s", "t");
        _take = $"SELECT seq FROM {log} WHERE seq > $1 ORDER BY seq LIMIT $2";
        _removeGone = $"""
            WITH gone AS MATERIALIZED (
              SELECT {place} FROM {follower} AS t JOIN {logged} ON {layout.MatchLog("t", "l")}
              WHERE NOT EXISTS ({source}) FOR UPDATE OF t SKIP LOCKED)
            DELETE FROM {follower} AS t USING gone WHERE {ConversionSql.Match(layout.Place, "t", "gone")}
            """;
        _lockPresent = $"""
            SELECT l.seq FROM {log} AS l JOIN {leader} AS s ON {layout.MatchLog("s", "l")}
            WHERE l.seq = ANY ($1::text::bigint[]) FOR SHARE OF s SKIP LOCKED
            """;
        _removeStale = $"""
            DELETE FROM {follower} AS t USING {logged} JOIN {leader} AS s ON {layout.MatchLog("s", "l")}
            WHERE {layout.MatchLog("t", "l")} AND NOT ({same})
            """;
        _insert = $"""
            INSERT INTO {follower} ({layout.Written()}) OVERRIDING SYSTEM VALUE
            SELECT {layout.Written("s")} FROM {logged} JOIN {leader} AS s ON {layout.MatchLog("s", "l")}
            ON CONFLICT DO NOTHING
            """;
        _clear = $"""
            DELETE FROM {log} AS l WHERE l.seq = ANY ($1::text::bigint[]) AND l.k1 IS NOT NULL
              AND {layout.EqualFor(leader, follower, "l")}
            RETURNING CASE WHEN l.settles THEN 0 ELSE 1 END::bigint
            """;
    }

    /// <summary>Sweeps at most <paramref name="limit"/> entries behind <paramref name="after"/>.</summary>
    public async Task<SweepResult> RunAsync(
        NpgsqlConnection connection,
        long after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        // The log has no statistics worth the name: without these, a plan may read the whole table for a few entries.
        await ExecuteAsync(
            connection,
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL row_security = off",
            null,
            cancellationToken
        );
        long[] taken = await TakeAsync(connection, after, limit, cancellationToken);
        if (taken.Length == 0)
        {
            return new SweepResult(0, 0, 0, 0);
        }
        int written = await ExecuteAsync(connection, _removeGone, taken, cancellationToken);
        long[] present = await ListAsync(connection, _lockPresent, taken, cancellationToken);
        if (present.Length > 0)
        {
            written += await ExecuteAsync(connection, _removeStale, present, cancellationToken);
            written += await ExecuteAsync(connection, _insert, present, cancellationToken);
        }
        long[] cleared = await ListAsync(connection, _clear, taken, cancellationToken);
        return new SweepResult(taken.Length, cleared.Length, written + (int)cleared.Sum(), taken[^1]);
    }

    private async Task<long[]> TakeAsync(
        NpgsqlConnection connection,
        long after,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(_take, connection)
        {
            Parameters =
            {
                new() { Value = after },
                new() { Value = (long)limit },
            },
        };
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<long[]> ListAsync(
        NpgsqlConnection connection,
        string sql,
        long[] taken,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection) { Parameters = { Entries(taken) } };
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<long[]> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<long> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetInt64(0));
        }
        return [.. found];
    }

    private static async Task<int> ExecuteAsync(
        NpgsqlConnection connection,
        string sql,
        long[]? entries,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection);
        if (entries is not null)
        {
            command.Parameters.Add(Entries(entries));
        }
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<string> Entries(long[] entries) =>
        new() { TypedValue = $"{{{string.Join(',', entries)}}}" };
}
