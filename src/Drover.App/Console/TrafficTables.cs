// SHOW STATS, STATS_TOTALS, STATS_AVERAGES and TOTALS.
using Drover.Telemetry;

namespace Drover.App.Console;

/// <summary>The results about traffic. Times are in microseconds, byte counts are the proxy's own.</summary>
internal static class TrafficTables
{
    private const string CommonNames =
        "database server_assignment_count xact_count query_count bytes_received bytes_sent "
        + "xact_time query_time wait_time ";

    /// <summary>The tables.</summary>
    public static IReadOnlyList<ShowTable> All { get; } =
    [
        new(
            "stats",
            ShowTable.ColumnsOf(
                "tnnnnnnnnnnnnnnnnnnnnnn",
                "database total_server_assignment_count total_xact_count total_query_count total_received total_sent "
                    + "total_xact_time total_query_time total_wait_time total_client_parse_count "
                    + "total_server_parse_count total_bind_count "
                    + "avg_server_assignment_count avg_xact_count avg_query_count avg_recv avg_sent "
                    + "avg_xact_time avg_query_time avg_wait_time avg_client_parse_count "
                    + "avg_server_parse_count avg_bind_count"
            ),
            (proxy, rows) => WriteEach(proxy.Statistics, rows, totals: true, averages: true)
        ),
        new(
            "stats_totals",
            ShowTable.ColumnsOf("tnnnnnnnnnnn", CommonNames + "client_parse_count server_parse_count bind_count"),
            (proxy, rows) => WriteEach(proxy.Statistics, rows, totals: true, averages: false)
        ),
        new(
            "stats_averages",
            // The last three are named otherwise than their neighbours; PgBouncer has it so.
            ShowTable.ColumnsOf(
                "tnnnnnnnnnnn",
                CommonNames + "avg_client_parse_count avg_server_parse_count avg_bind_count"
            ),
            (proxy, rows) => WriteEach(proxy.Statistics, rows, totals: false, averages: true)
        ),
        new("totals", ShowTable.ColumnsOf("tn", "name value"), (proxy, rows) => WriteTotals(proxy.Statistics, rows)),
    ];

    private static readonly string[] TotalNames =
    [
        "server_assignment_count",
        "xact_count",
        "query_count",
        "client_bytes",
        "server_bytes",
        "xact_time",
        "query_time",
        "wait_time",
        "ps_client_parse_count",
        "ps_server_parse_count",
        "ps_bind_count",
    ];

    private static void WriteEach(StatisticsSampler statistics, RowWriter rows, bool totals, bool averages)
    {
        foreach (DatabaseStatistics database in statistics.Read())
        {
            rows.Text(database.Database);
            if (totals)
            {
                WriteAll(rows, Values(database.Totals));
            }
            if (averages)
            {
                WriteAll(rows, Values(database.Averages));
            }
            rows.End();
        }
    }

    private static void WriteAll(RowWriter rows, long[] values)
    {
        foreach (long value in values)
        {
            rows.Number(value);
        }
    }

    private static void WriteTotals(StatisticsSampler statistics, RowWriter rows)
    {
        DatabaseStatistics total = statistics.ReadTotal();
        WriteNamed(rows, "total_", Values(total.Totals));
        WriteNamed(rows, "avg_", Values(total.Averages));
    }

    private static void WriteNamed(RowWriter rows, string prefix, long[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            rows.Text(prefix + TotalNames[i]).Number(values[i]).End();
        }
    }

    private static long[] Values(TrafficCounters t) =>
        [
            t.ServerAssignments,
            t.Transactions,
            t.Queries,
            t.BytesReceived,
            t.BytesSent,
            t.TransactionTimeUs,
            t.QueryTimeUs,
            t.WaitTimeUs,
            t.ClientParses,
            t.ServerParses,
            t.Binds,
        ];

    private static long[] Values(TrafficAverages t) =>
        [
            t.ServerAssignments,
            t.Transactions,
            t.Queries,
            t.BytesReceived,
            t.BytesSent,
            t.TransactionTimeUs,
            t.QueryTimeUs,
            t.WaitTimeUs,
            t.ClientParses,
            t.ServerParses,
            t.Binds,
        ];
}
