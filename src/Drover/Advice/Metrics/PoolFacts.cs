// The pools of a PgBouncer or a Drover, as its console shows them.
using System.Globalization;

namespace Drover.Advice.Metrics;

/// <summary>One pool: of a database and a user.</summary>
/// <param name="Database">As clients name it.</param>
/// <param name="User">The user of its servers.</param>
/// <param name="ClientsActive">Clients that hold a server, or have nothing to ask.</param>
/// <param name="ClientsWaiting">Clients that asked and have no server yet.</param>
/// <param name="ServersHeld">Servers that a client holds, or that wait for a cancel request to end.</param>
/// <param name="ServersIdle">Servers that wait for a client.</param>
/// <param name="WaitSeconds">How long the first of the waiting has waited.</param>
/// <param name="Size">Servers that it may have, its reserve aside; null where the console does not say.</param>
internal sealed record PoolUse(
    string Database,
    string User,
    long ClientsActive,
    long ClientsWaiting,
    long ServersHeld,
    long ServersIdle,
    double WaitSeconds,
    long? Size
)
{
    /// <summary>The database that is the console itself.</summary>
    public const string Console = "pgbouncer";

    /// <summary>Servers held over those that it may have, in percent; above 100 the reserve is in use.</summary>
    public double? Use => Size > 0 ? 100.0 * ServersHeld / Size : null;

    /// <summary>Reads the rows of SHOW POOLS, with the sizes of SHOW DATABASES and SHOW USERS.</summary>
    /// <exception cref="FormatException">A column is missing: it is not the console of a pooler.</exception>
    public static IReadOnlyList<PoolUse> Of(
        IReadOnlyList<IReadOnlyDictionary<string, string?>> pools,
        IReadOnlyList<IReadOnlyDictionary<string, string?>> databases,
        IReadOnlyList<IReadOnlyDictionary<string, string?>> users
    )
    {
        Dictionary<string, long> sizes = SizesOf(databases);
        Dictionary<string, long> own = SizesOf(users);
        return
        [
            .. pools.Select(row =>
            {
                string database = Text(row, "database");
                string user = Text(row, "user");
                return new PoolUse(
                    database,
                    user,
                    Number(row, "cl_active"),
                    Number(row, "cl_waiting"),
                    // PgBouncer counts servers whose client was cancelled apart from 1.18 on.
                    Number(row, "sv_active")
                        + (row.ContainsKey("sv_being_canceled") ? Number(row, "sv_being_canceled") : 0),
                    Number(row, "sv_idle"),
                    Number(row, "maxwait") + (Number(row, "maxwait_us") / 1e6),
                    database == Console ? null
                        : own.TryGetValue(user, out long size) || sizes.TryGetValue(database, out size) ? size
                        : null
                );
            }),
        ];
    }

    // By name; a user without a size of its own has none, or a blank one.
    private static Dictionary<string, long> SizesOf(IReadOnlyList<IReadOnlyDictionary<string, string?>> rows)
    {
        Dictionary<string, long> sizes = [];
        foreach (IReadOnlyDictionary<string, string?> row in rows)
        {
            if (
                long.TryParse(row.GetValueOrDefault("pool_size"), CultureInfo.InvariantCulture, out long size)
                && size > 0
            )
            {
                sizes[Text(row, "name")] = size;
            }
        }
        return sizes;
    }

    private static string Text(IReadOnlyDictionary<string, string?> row, string column) =>
        row.TryGetValue(column, out string? text)
            ? text ?? ""
            : throw new FormatException($"no console of a pooler: its tables lack {column}");

    private static long Number(IReadOnlyDictionary<string, string?> row, string column) =>
        long.TryParse(Text(row, column), CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException($"no console of a pooler: {column} is no number");
}

/// <summary>What a console said at one moment.</summary>
/// <param name="Pools">All its pools; empty when it could not be read.</param>
/// <param name="Source">The console's address.</param>
/// <param name="Problem">Why it could not be read, and what would help; empty when it could.</param>
internal sealed record PoolFacts(IReadOnlyList<PoolUse> Pools, string Source, string Problem)
{
    /// <summary>The pool that has the least left; null where none has a size.</summary>
    public PoolUse? Fullest => Pools.Where(static pool => pool.Use is not null).MaxBy(static pool => pool.Use);
}
