// What is asked again and again and is the same: a materialized view of what is dear, a cache of what is asked most.
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Drover.Advice.Indexes;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sql.Parsing;
using Npgsql;

namespace Drover.Advice.Reuse;

/// <summary>
/// From pg_stat_statements, read by PostgreSQL's own parser. Parameters' values are not kept there: how many different
/// answers there are is the product of the different values of the columns that they are compared with.
/// </summary>
internal static class ReuseAdvice
{
    /// <summary>A concurrent refresh costs so many runs of the query (docs/benchmarks.md, Views).</summary>
    private const double RunsOfARefresh = 5;

    /// <summary>A view saves so many times what its refreshes cost.</summary>
    private const double WorthOfAView = 4;

    /// <summary>Of a hundred answers from the cache at most so many may be older than the last change.</summary>
    private const double StaleShareMax = 0.1;

    private const double SecondsOfADay = 86_400;

    private static readonly (string Text, double Seconds)[] s_intervals = [("5m", 300), ("15m", 900), ("1h", 3_600)];

    private static readonly (string Name, double Seconds)[] s_freshness =
    [
        ("real-time", 30),
        ("near-real-time", 300),
        ("analytical", 3_600),
    ];

    private const string KindsSql = """
        SELECT proname::text, bool_or(prokind = 'a') FROM pg_catalog.pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1::text[]::name[])
        GROUP BY proname HAVING bool_and(provolatile = 'i' OR proname = ANY ($2::text[]::name[]))
        """;

    /// <summary>Stable ones that depend on the time, or its zone, and on nothing else of a session.</summary>
    private static readonly string[] s_ofTime =
    [
        .. (
            "now transaction_timestamp statement_timestamp date_trunc date_part extract timezone age date time timetz "
            + "timestamp timestamptz to_char to_date to_timestamp concat concat_ws array_to_string to_json to_jsonb "
            + "row_to_json array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg json_build_object "
            + "jsonb_build_object"
        ).Split(' '),
    ];

    /// <summary>Reads the statements.</summary>
    /// <param name="connection">The database's.</param>
    /// <param name="indexes">The advice on indexes: what one of them helps is left to it.</param>
    /// <param name="limits">Thresholds.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyList<Recommendation> indexes,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        if (
            PgQueryLibrary.Instance is not { } library
            || await Workload.ReadAsync(connection, limits.ReusedStatementsMax, cancellation) is not { } workload
        )
        {
            return [];
        }
        List<StudiedStatement> read = await IndexStudy.ReadAsync(
            connection,
            workload,
            library,
            // A small table too is asked often.
            limits with
            {
                SmallBytes = 0,
            },
            cancellation
        );
        string[] names =
        [
            .. read.SelectMany(static one => StudiedStatement.Below(one.Tree))
                .Where(static node => node.Kind == "FuncCall")
                .Select(static node => node.Names("funcname")[^1])
                .Distinct(),
        ];
        Dictionary<string, bool> kinds = (
            await connection.ListAsync(
                KindsSql,
                [names, s_ofTime],
                static row => (row.GetString(0), row.GetBoolean(1)),
                cancellation
            )
        ).ToDictionary();
        HashSet<string> helped =
        [
            .. indexes.SelectMany(static one => one.Helped).Select(static one => one.Statement.Load.Original),
        ];
        return Of([.. read.Select(one => ReusedStatement.Of(one, kinds)).OfType<ReusedStatement>()], workload).ToList();

        IEnumerable<Recommendation> Of(ReusedStatement[] statements, Workload from) =>
            statements
                .Where(one => !helped.Contains(one.Statement.Load.Original))
                .SelectMany(one => (Recommendation?[])[ViewOf(one, from, limits), CacheOf(one, from, limits)])
                .OfType<Recommendation>();
    }

    /// <summary>A view for a dear join or aggregate with few different answers; else null.</summary>
    internal static Recommendation? ViewOf(ReusedStatement reused, Workload workload, AdviceLimits limits)
    {
        WorkloadStatement load = reused.Statement.Load;
        double callsPerDay = load.Calls / workload.Days;
        bool isDear = reused.Milliseconds >= limits.ViewMilliseconds && (reused.IsAggregate || reused.Tables.Count > 1);
        if (!isDear || load.RowsPerCall > limits.ViewRowsMax || !(reused.Answers <= limits.ViewAnswersMax))
        {
            return null;
        }
        double refresh = RunsOfARefresh * reused.Milliseconds;
        (string interval, double seconds) = s_intervals.FirstOrDefault(one =>
            callsPerDay * reused.Milliseconds >= WorthOfAView * refresh * SecondsOfADay / one.Seconds
        );
        if (interval is null)
        {
            return null;
        }
        double refreshes = SecondsOfADay / seconds;
        double saved = (callsPerDay * reused.Milliseconds - refreshes * refresh) / 1000;
        string view = NameOf(reused);
        // One set of values makes one view.
        string bytes = BytesOf(reused, 1);
        IReadOnlyList<string> key = reused.KeyColumns();
        bool hasValues = reused.Statement.Parameters > 0;
        return new Recommendation(
            "materialized-view",
            view,
            Gain.Time,
            saved,
            Text($"{load.Calls:N0} calls of {reused.Milliseconds:N0} ms each with {load.RowsPerCall:N0} row(s), ")
                + Text($"{Share(load, workload):P0} of all time: {reused.Statement.Shortened()}"),
            Text($"about {saved:N0} s a day: a read of the view takes as long as its rows do"),
            Text($"a refresh every {interval}, by estimate {refresh / 1000:N1} s each (a concurrent one takes about ")
                + Text(
                    $"{RunsOfARefresh:0} runs of the query), {refreshes * refresh / 1000:N0} s a day; {bytes} of disk"
                ),
            Text($"its rows are up to {interval} and a refresh old, and the application has to ask the view")
                + (
                    hasValues
                        ? Text($"; put your values in the place of $1 and on: there are about {reused.Answers:N0} ")
                            + "different ones, and pg_stat_statements keeps none"
                        : ""
                )
                + (key.Count == 0 ? "; COLUMNS stands for those that tell its rows apart" : ""),
            $"printf %s {Quoted(StudiedStatement.OnOneLine(load.Original))} | drover view create {view} --sql - "
                + $"--unique {(key.Count == 0 ? "COLUMNS" : string.Join(',', key))} --refresh {interval} -d URI",
            $"drover view drop {view} -d URI"
        );
    }

    /// <summary>A cache for what is asked often and changes seldom; else null.</summary>
    internal static Recommendation? CacheOf(ReusedStatement reused, Workload workload, AdviceLimits limits)
    {
        WorkloadStatement load = reused.Statement.Load;
        double callsPerHour = load.Calls / workload.Days / 24;
        bool isHot = callsPerHour >= limits.CachedCallsPerHour && Share(load, workload) >= limits.IndexGainShare;
        if (!isHot || reused.Answers is not { } answers)
        {
            return null;
        }
        double readsPerSecond = callsPerHour / 3_600 / answers;
        double changesPerSecond = reused.ChangesPerDay / SecondsOfADay / answers;
        (string freshness, double seconds) = s_freshness.FirstOrDefault(one =>
            FromCache(readsPerSecond, one.Seconds) >= limits.CachedShare
            && changesPerSecond * one.Seconds <= StaleShareMax
        );
        if (freshness is null)
        {
            return null;
        }
        double share = FromCache(readsPerSecond, seconds);
        double saved = share * load.Milliseconds / workload.Days / 1000;
        string bytes = BytesOf(reused, answers);
        return new Recommendation(
            "cache-statement",
            $"{string.Join(", ", reused.Tables.Select(static one => one.Quoted))} {Hash(load.Original)}",
            Gain.Time,
            saved,
            Text(
                $"{load.Calls:N0} calls, {callsPerHour:N0} an hour, for about {answers:N0} different answer(s), while "
            ) + Text($"{reused.ChangesPerDay:N0} rows of its tables change a day: {reused.Statement.Shortened()}"),
            Text($"{share:P0} of the calls from a cache, {saved:N0} s a day less on the server"),
            Text($"up to {bytes} of memory; answers up to {seconds:N0} s old ({freshness})"),
            "changes and reads are taken to be spread evenly over the values. Not for what must be as it is at this "
                + "moment, nor inside a transaction",
            Text(
                $"a cache in the application, by the statement and its values, that keeps an answer for {seconds:N0} s "
            ) + "and drops it after a write; Drover has none yet",
            ""
        );
    }

    /// <summary>Share of the reads that find an answer which the first of them has left.</summary>
    private static double FromCache(double readsPerSecond, double seconds) => 1 - 1 / (1 + readsPerSecond * seconds);

    /// <summary>As if each row had all columns of its tables, by their mean widths: seldom less than it is.</summary>
    private static string BytesOf(ReusedStatement reused, double answers)
    {
        const double RowHead = 28;
        double width = reused.Tables.SelectMany(static one => one.Columns.Values).Sum(static one => one.Width);
        double rows = answers * Math.Max(1, reused.Statement.Load.RowsPerCall);
        return ByteText.Of((long)Math.Min(1e15, rows * (RowHead + width)));
    }

    private static double Share(WorkloadStatement load, Workload workload) =>
        load.Milliseconds / Math.Max(1, workload.Milliseconds);

    /// <summary>The tables' names, and four digits that are the statement's own.</summary>
    private static string NameOf(ReusedStatement reused)
    {
        const int Longest = 50;
        string tables = string.Join('_', reused.Tables.Select(static one => one.Name));
        string plain = string.Concat(tables.ToLowerInvariant().Select(One));
        string name = $"{(plain.Length <= Longest ? plain : plain[..Longest])}_{Hash(reused.Statement.Load.Original)}";
        return $"{reused.Tables[0].QuotedSchema}.{(char.IsAsciiDigit(name[0]) ? "v" : "")}{name}";

        static char One(char letter) => char.IsAsciiLetterOrDigit(letter) ? letter : '_';
    }

    /// <summary>As one word of a shell.</summary>
    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Hash(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..4];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
