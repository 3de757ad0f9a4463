// Settings of memory, cost and measuring that nobody has chosen, or that do not fit one another.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>
/// https://www.postgresql.org/docs/18/runtime-config-resource.html and runtime-config-query.html. The memory of the
/// machine is not known to every role, so settings are held against the size of the databases and against each other.
/// </summary>
internal static class MemoryAdvice
{
    private sealed record Settings(
        long SharedBuffers,
        long EffectiveCache,
        long WorkMem,
        int Connections,
        double RandomPage,
        double SequentialPage,
        bool TimesIo,
        long DatabaseBytes,
        double HitShare,
        long Blocks
    );

    private const string Sql = """
        SELECT pg_size_bytes(current_setting('shared_buffers')), pg_size_bytes(current_setting('effective_cache_size')),
               pg_size_bytes(current_setting('work_mem')), current_setting('max_connections')::int,
               current_setting('random_page_cost')::float8, current_setting('seq_page_cost')::float8,
               current_setting('track_io_timing')::bool, pg_database_size(current_database()),
               blks_hit::float8 / greatest(blks_hit + blks_read, 1), blks_hit + blks_read
        FROM pg_catalog.pg_stat_database WHERE datname = current_database()
        """;

    private const long TinyBuffers = 32L << 20;
    private const long BlocksMin = 100_000;

    /// <summary>One for each setting that does not fit.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        Settings settings = (
            await connection.ListAsync(
                Sql,
                [],
                static row => new Settings(
                    row.GetInt64(0),
                    row.GetInt64(1),
                    row.GetInt64(2),
                    row.GetInt32(3),
                    row.GetDouble(4),
                    row.GetDouble(5),
                    row.GetBoolean(6),
                    row.GetInt64(7),
                    row.GetDouble(8),
                    row.GetInt64(9)
                ),
                cancellation
            )
        )[0];
        return Memory(settings).Concat(Costs(settings, limits));
    }

    private static IEnumerable<Recommendation> Memory(Settings settings)
    {
        if (settings.SharedBuffers < TinyBuffers && settings.DatabaseBytes > settings.SharedBuffers)
        {
            yield return Setting(
                "shared_buffers",
                Gain.Time,
                $"shared_buffers = {ByteText.Of(settings.SharedBuffers)}, with a database of "
                    + ByteText.Of(settings.DatabaseBytes),
                "pages stay in memory between two statements",
                "memory, and a restart; a quarter of the machine's is usual",
                "'1GB'"
            );
        }
        if (settings.EffectiveCache < settings.SharedBuffers)
        {
            yield return Setting(
                "effective_cache_size",
                Gain.Time,
                $"effective_cache_size = {ByteText.Of(settings.EffectiveCache)} is less than shared_buffers = "
                    + ByteText.Of(settings.SharedBuffers),
                "the planner takes indexes where pages are in memory anyway",
                "none: it is an estimate, and takes no memory; half to three quarters of the machine's is usual",
                $"'{settings.SharedBuffers * 3 / 1024 / 1024}MB'"
            );
        }
        if ((double)settings.WorkMem * settings.Connections > 64 * (double)Math.Max(settings.SharedBuffers, 1L << 30))
        {
            yield return Setting(
                "work_mem",
                Gain.Safety,
                $"work_mem = {ByteText.Of(settings.WorkMem)}, for each sort of {settings.Connections} connections",
                "the machine does not run out of memory when they all sort",
                "large sorts go to disk",
                "'64MB'"
            );
        }
    }

    private static IEnumerable<Recommendation> Costs(Settings settings, AdviceLimits limits)
    {
        if (
            settings.RandomPage >= 4 * settings.SequentialPage
            && settings.HitShare >= limits.RandomPageHitShare
            && settings.Blocks >= BlocksMin
        )
        {
            yield return Setting(
                "random_page_cost",
                Gain.Time,
                Text(
                    $"random_page_cost = {settings.RandomPage:0.#}, as for disks that turn; {settings.HitShare:P1} of "
                ) + "blocks come from memory",
                "the planner takes indexes where it reads whole tables now",
                "none",
                "1.1"
            );
        }
        if (!settings.TimesIo)
        {
            yield return Setting(
                "track_io_timing",
                Gain.Insight,
                "track_io_timing = off",
                "how long statements wait for the disk, in EXPLAIN, pg_stat_statements and pg_stat_io",
                "two looks at the clock for each read: pg_test_timing tells how much",
                "on"
            );
        }
    }

    private static Recommendation Setting(
        string name,
        Gain gain,
        string evidence,
        string expected,
        string price,
        string value
    ) =>
        new(
            "unfit-setting",
            name,
            gain,
            1,
            evidence,
            expected,
            price,
            "some plans change; watch the statements with the most time",
            $"ALTER SYSTEM SET {name} = {value}; SELECT pg_reload_conf()",
            $"ALTER SYSTEM RESET {name}; SELECT pg_reload_conf()"
        );

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
