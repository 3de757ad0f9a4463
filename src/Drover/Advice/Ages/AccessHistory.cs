// What the history in the same database says of how far back statements ask.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Ages;

/// <summary>The last 30 days of drover.access_days, in words.</summary>
internal static class AccessHistory
{
    /// <summary>How to come to know it.</summary>
    public const string Remedy =
        "how far back queries ask is not known: [monitor.servers.NAME] of drover serve measures it, best with their "
        + "traffic through that proxy";

    /// <summary>The share of the queries that hot partitions are to hold.</summary>
    public const double HotShare = 0.95;

    /// <summary>Fewer samples say too little: with these a share is known to 5 points, 19 times of 20.</summary>
    private const int SamplesMin = 400;

    // to_regclass fails in a schema that may not be used; the catalogs may be read by all.
    private const string IsThereSql = """
        SELECT count(*) = 2 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'drover' AND has_schema_privilege(n.oid, 'USAGE')
          AND c.relname IN ('access_days', 'history_servers') AND c.relkind = 'r'
          AND has_table_privilege(c.oid, 'SELECT')
        """;

    // The same name on two servers may be two tables. The proxy's samples have parameters, so they come first.
    private const string Sql = """
        SELECT DISTINCT ON (table_name) table_name, source, sum(d7), sum(d30), sum(d90), sum(older), sum(all_ages),
            sum(unknown), sum(samples)::bigint
        FROM drover.access_days a JOIN drover.history_servers h ON h.id = a.server_id
        WHERE day > current_date - 30 AND ($2::text IS NULL OR h.name = $2) GROUP BY 1, 2
        HAVING count(DISTINCT server_id) = 1 ORDER BY 1, (sum(samples) >= $1) DESC, source = 'proxy' DESC
        """;

    /// <summary>By the table's name, qualified and quoted where it must be; empty where nothing is kept.</summary>
    /// <param name="connection">The history's.</param>
    /// <param name="server">The server in the history; null for all.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyDictionary<string, (string Source, AccessCounts Counts)>> ReadAsync(
        NpgsqlConnection connection,
        string? server,
        CancellationToken cancellation
    )
    {
        Dictionary<string, (string, AccessCounts)> found = [];
        if (await connection.ScalarAsync(IsThereSql, [], cancellation) is not true)
        {
            return found;
        }
        foreach (
            (string table, string source, AccessCounts counts) in await connection.ListAsync(
                Sql,
                [SamplesMin, server],
                static row => (row.GetString(0), row.GetString(1), CountsOf(row, 2)),
                cancellation
            )
        )
        {
            found[table] = (source, counts);
        }
        return found;
    }

    /// <summary>Six classes and the samples, from a column on.</summary>
    public static AccessCounts CountsOf(NpgsqlDataReader row, int first) =>
        new(
            row.GetDouble(first),
            row.GetDouble(first + 1),
            row.GetDouble(first + 2),
            row.GetDouble(first + 3),
            row.GetDouble(first + 4),
            row.GetDouble(first + 5),
            row.GetInt64(first + 6)
        );

    /// <summary>What was seen; null where it is too little.</summary>
    public static string? Describe(string source, AccessCounts counts)
    {
        if (counts.Samples < SamplesMin || counts.Known <= 0)
        {
            return null;
        }
        double all = counts.Known + counts.Unknown;
        double error = 100 * counts.ErrorOf(counts.Share(counts.Week));
        string where = source == "proxy" ? "queries sampled in the proxy" : "queries seen in pg_stat_activity";
        return Text(
                $"of {counts.Samples:N0} {where} in 30 days {counts.Share(counts.Week):P0} ask for the last 7 days "
            )
            + Text($"(±{error:0.0} points), {counts.Share(counts.Month):P0} for 30, ")
            + Text($"{counts.Share(counts.Quarter):P0} for 90, {counts.Share(counts.Older):P0} for more, ")
            + Text($"{counts.Share(counts.All):P0} for all ages")
            + (counts.Unknown > 0 ? Text($"; besides, {counts.Unknown / all:P0} are not understood") : "");
    }

    /// <summary>How many monthly partitions to keep hot, and why.</summary>
    public static string HotText(AccessCounts counts) =>
        counts.HotDays(HotShare) is not { } days
            ? Text($"no window of up to 90 days holds {HotShare:P0} of the queries, so none is named to keep hot")
            : Text(
                $"partition by month, keep {AccessCounts.MonthsOf(days)} hot: the last {days} days, which lie in up "
            )
                + Text($"to {AccessCounts.MonthsOf(days)} calendar months, are all that ")
                + Text($"{counts.Share(WithinDays(counts, days)):P0} of the queries ask for");

    private static double WithinDays(AccessCounts counts, int days) =>
        counts.Week + (days > 7 ? counts.Month : 0) + (days > 30 ? counts.Quarter : 0);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
