// The proxy's own figures over the last day, in memory: a fine ring for the last half hour and a coarse one behind it.
using Drover.App.Dashboard.Api;

namespace Drover.App.Dashboard;

/// <summary>
/// A ring of moments. When the fine one has filled a minute, its mean is a moment of the coarse one. Memory is fixed:
/// about 200 KB. Safe from any thread.
/// </summary>
internal sealed class TrafficHistory
{
    /// <summary>Moments of the fine ring: a little over half an hour at 2 s.</summary>
    public const int FineMax = 930;

    /// <summary>Moments of the coarse ring: a day of minutes.</summary>
    public const int CoarseMax = 1440;

    /// <summary>The series, in the order of a moment's values.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "queries_per_second",
        "transactions_per_second",
        "errors_per_second",
        "query_p50_ms",
        "query_p99_ms",
        "wait_p99_ms",
        "clients",
        "clients_waiting",
        "servers_active",
        "servers",
        "pool_utilisation_percent",
        "received_bytes_per_second",
        "sent_bytes_per_second",
    ];

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);
    private readonly Lock _gate = new();
    private readonly Queue<Moment> _fine = new(FineMax);
    private readonly Queue<Moment> _coarse = new(CoarseMax);
    private readonly List<Moment> _minute = [];

    private sealed record Moment(DateTimeOffset At, double?[] Values);

    /// <summary>Adds a moment.</summary>
    public void Add(LiveAnswer live)
    {
        Moment moment = new(
            live.At,
            [
                live.QueriesPerSecond,
                live.TransactionsPerSecond,
                live.ErrorsPerSecond,
                live.QueryP50Ms,
                live.QueryP99Ms,
                live.WaitP99Ms,
                live.Clients,
                live.ClientsWaiting,
                live.ServersActive,
                live.Servers,
                live.PoolUtilisationPercent,
                live.ReceivedBytesPerSecond,
                live.SentBytesPerSecond,
            ]
        );
        lock (_gate)
        {
            Put(_fine, FineMax, moment);
            if (_minute.Count > 0 && moment.At - _minute[0].At >= s_minute)
            {
                Put(_coarse, CoarseMax, MeanOf(_minute));
                _minute.Clear();
            }
            _minute.Add(moment);
        }
    }

    /// <summary>The moments since a time; the coarse ones where the fine ones do not reach back so far.</summary>
    public HistoryAnswer Since(DateTimeOffset from, TimeSpan interval)
    {
        Moment[] moments;
        bool isFine;
        lock (_gate)
        {
            // What the coarse ring has from before the fine one is worth its coarseness from a minute on.
            isFine = _coarse.Count == 0 || (_fine.TryPeek(out Moment? first) && first.At <= from + s_minute);
            moments = isFine ? [.. _fine] : [.. _coarse, MeanOf(_minute)];
        }
        moments = [.. moments.Where(moment => moment.At >= from)];
        Dictionary<string, IReadOnlyList<double?>> series = [];
        for (int i = 0; i < Names.Count; i++)
        {
            series[Names[i]] = [.. moments.Select(moment => Round(moment.Values[i]))];
        }
        return new HistoryAnswer(
            isFine ? interval.TotalSeconds : s_minute.TotalSeconds,
            [.. moments.Select(static moment => moment.At.ToUnixTimeMilliseconds() / 1000.0)],
            series
        );
    }

    private static void Put(Queue<Moment> ring, int most, Moment moment)
    {
        while (ring.Count >= most)
        {
            ring.Dequeue();
        }
        ring.Enqueue(moment);
    }

    private static Moment MeanOf(List<Moment> moments)
    {
        double?[] means = new double?[Names.Count];
        for (int i = 0; i < means.Length; i++)
        {
            means[i] = moments.Average(moment => moment.Values[i]);
        }
        return new Moment(moments[^1].At, means);
    }

    private static double? Round(double? value) => value is { } number ? Math.Round(number, 3) : null;
}
