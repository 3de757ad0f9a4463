// Settings that put data at risk or leave the server blind.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>Settings that should not be so; https://www.postgresql.org/docs/18/runtime-config.html.</summary>
internal static class SettingAdvice
{
    private static readonly (string Name, string Bad, string Why)[] s_dangers =
    [
        ("fsync", "off", "after a crash of the machine the whole cluster may be broken beyond repair"),
        ("full_page_writes", "off", "a page that was half written in a crash stays broken"),
        ("autovacuum", "off", "dead rows are never taken away, and transaction numbers run out"),
        ("track_counts", "off", "autovacuum does not know where to work, and nothing here can be measured"),
    ];

    /// <summary>One for each setting that is wrong.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        List<(string Name, string Value)> values = await connection.ListAsync(
            "SELECT name, setting FROM pg_catalog.pg_settings WHERE name = ANY ($1)",
            [s_dangers.Select(static danger => danger.Name).ToArray()],
            static row => (row.GetString(0), row.GetString(1)),
            cancellation
        );
        return s_dangers
            .Where(danger => values.Contains((danger.Name, danger.Bad)))
            .Select(static danger => new Recommendation(
                "dangerous-setting",
                danger.Name,
                Gain.Safety,
                1,
                $"{danger.Name} = {danger.Bad}",
                $"without it: {danger.Why}",
                danger.Name is "fsync" or "full_page_writes" ? "commits take as long as the disk needs" : "little",
                "none",
                $"ALTER SYSTEM SET {danger.Name} = on; SELECT pg_reload_conf()",
                $"ALTER SYSTEM SET {danger.Name} = {danger.Bad}; SELECT pg_reload_conf()"
            ));
    }
}
