// Asks a server what its session holds, and brings it to what a client expects: the truth is read, never simulated.
using System.Globalization;
using System.Text;
using Drover.Protocol;
using Drover.Telemetry;
using Drover.Transport;

namespace Drover.Pooling.Servers;

/// <summary>What a session holds beyond its defaults.</summary>
/// <param name="Settings">Parameters that were set in the session, role and session authorization among them.</param>
/// <param name="Pins">What ties its client to this server.</param>
/// <param name="Statements">How many statements it has that were prepared by message and have a name.</param>
internal sealed record SessionContents(ParameterSet Settings, PinReason Pins, int Statements);

/// <summary>
/// Because the server is asked after the transaction is over, ROLLBACK, ROLLBACK TO, SET LOCAL, set_config() and DO
/// bodies need no rules here. Sources: pg_settings, pg_locks, pg_cursors, pg_prepared_statements,
/// pg_listening_channels() (https://www.postgresql.org/docs/18/views.html).
/// </summary>
internal static class SessionProbe
{
    /// <summary>Longest wait for a session to describe itself or to change.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Operators and types are named with their schema: the client's search_path is in force, and its own would be
    /// asked.
    /// </summary>
    private const string Questions = """
        SELECT name, setting FROM pg_catalog.pg_settings WHERE source OPERATOR(pg_catalog.=) 'session'
        UNION ALL SELECT 'role', r FROM pg_catalog.current_setting('role') r WHERE r OPERATOR(pg_catalog.<>) 'none'
        UNION ALL SELECT 'session_authorization', session_user::pg_catalog.text
        UNION ALL SELECT '*listen', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_listening_channels())
        UNION ALL SELECT '*temp', NULL FROM pg_catalog.pg_my_temp_schema() t WHERE t OPERATOR(pg_catalog.<>) 0 AND (
            EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace OPERATOR(pg_catalog.=) t)
            OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) t)
            OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace OPERATOR(pg_catalog.=) t))
        UNION ALL SELECT '*hold', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)
        UNION ALL SELECT '*lock', NULL WHERE EXISTS (SELECT FROM pg_catalog.pg_locks
            WHERE locktype OPERATOR(pg_catalog.=) 'advisory' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())
        UNION ALL SELECT '*prepared', NULL WHERE EXISTS (
            SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
        UNION ALL SELECT '*statements', pg_catalog.count(*)::pg_catalog.text
            FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql
        """;

    /// <summary>Reads what the session holds; null when the server is lost or would not say.</summary>
    /// <param name="server">Owned by the caller.</param>
    /// <param name="wakeup">What the server's readiness signals now.</param>
    /// <param name="names">
    /// Custom settings that the client may have, for PostgreSQL does not list them. Those that do not exist are
    /// removed.
    /// </param>
    public static async ValueTask<SessionContents?> ReadAsync(
        ServerConnection server,
        Wakeup wakeup,
        HashSet<string>? names = null
    )
    {
        CustomSettings known = server.Pool.CustomSettings;
        const string IsSet = " AND s.setting OPERATOR(pg_catalog.<>) ''";
        string questions =
            Questions
            + CustomQuestion(names, "")
            + CustomQuestion(known.Names, IsSet)
            + CustomQuestion(server.Pool.Database.Telling.Settings, IsSet);
        ServerQueryResult result = await ServerQuery.RunAsync(server, wakeup, Limit, questions);
        if (!result.IsGood)
        {
            server.IsStateUnknown = true;
            return null;
        }
        PinReason pins = PinReason.None;
        int statements = 0;
        List<KeyValuePair<string, string>> settings = [];
        foreach (string?[] row in result.Rows)
        {
            string name = row[0]!;
            if (name == "*statements")
            {
                statements = int.Parse(row[1]!, CultureInfo.InvariantCulture);
            }
            else if (name[0] == '*')
            {
                pins |= PinOf(name);
            }
            else if (name != "session_authorization" || row[1] != server.Pool.User.Name)
            {
                settings.Add(new(name, row[1] ?? ""));
            }
        }
        if (names is { Count: > 0 })
        {
            names.IntersectWith(settings.Select(static setting => setting.Key));
            known.Add(names);
        }
        return new SessionContents(server.Pool.Parameters.Intern(ParameterSet.From(settings)), pins, statements);
    }

    private static string CustomQuestion(IReadOnlyCollection<string>? names, string condition) =>
        names is null or { Count: 0 }
            ? ""
            : " UNION ALL SELECT s.name, s.setting FROM (SELECT v.name, pg_catalog.current_setting(v.name, true) "
                + "FROM (VALUES "
                + string.Join(", ", names.Select(static name => $"({Literal(name)})"))
                + ") AS v(name)) AS s(name, setting) WHERE s.setting IS NOT NULL AND NOT EXISTS (SELECT FROM "
                + $"pg_catalog.pg_settings p WHERE p.name OPERATOR(pg_catalog.=) s.name){condition}";

    /// <summary>What connect_query left in a new session.</summary>
    public static async ValueTask<ParameterSet> ReadBaseAsync(
        ServerConnection server,
        Wakeup wakeup,
        ServerPool pool
    ) => (await ReadAsync(server, wakeup))?.Settings ?? pool.BaseSettings;

    /// <summary>
    /// Brings a server to a client's settings. Null on success; a failure that is not a loss leaves it unknown.
    /// </summary>
    public static async ValueTask<PoolFailure?> ApplyAsync(ServerConnection server, ParameterSet wanted, Wakeup wakeup)
    {
        string sql = Difference(server.Applied, wanted);
        ServerQueryResult result =
            sql.Length == 0 ? new([], null, false) : await ServerQuery.RunAsync(server, wakeup, Limit, sql);
        if (result.IsGood)
        {
            server.Applied = wanted;
            server.Reported = server.Pool.Parameters.Intern(server.Reported);
            return null;
        }
        server.IsStateUnknown |= result.IsLost;
        return result.Failure ?? new PoolFailure(SqlState.ConnectionFailure, "the server closed the connection");
    }

    /// <summary>
    /// Puts back those of the parameters that a RESET or DISCARD has just put to the server's defaults.
    /// </summary>
    public static ValueTask<ServerQueryResult> RestoreAsync(
        ServerConnection server,
        ParameterSet startup,
        Wakeup wakeup
    )
    {
        StringBuilder values = new();
        foreach ((string name, string value) in startup.Items)
        {
            values.Append(values.Length == 0 ? "" : ", ").Append($"({Literal(name)}, {Literal(value)})");
        }
        string sql =
            "SELECT pg_catalog.set_config(v.name, v.value, false) FROM (VALUES "
            + values
            + ") AS v(name, value) LEFT JOIN pg_catalog.pg_settings s ON s.name OPERATOR(pg_catalog.=) v.name "
            + "WHERE s.source OPERATOR(pg_catalog.<>) 'session' OR (s.source IS NULL AND coalesce("
            + "pg_catalog.current_setting(v.name, true), '') "
            + "OPERATOR(pg_catalog.=) ANY ('{none,\"\"}'::pg_catalog.text[]))";
        return ServerQuery.RunAsync(server, wakeup, Limit, sql);
    }

    /// <summary>Ends everything that a client left in a session. False when the server must be closed.</summary>
    public static async ValueTask<bool> ResetAsync(ServerConnection server, Wakeup wakeup, string resetQuery)
    {
        // RESET ALL leaves the role alone, and DISCARD ALL refuses to run in a block with it.
        string[] queries = server.IsStateUnknown || !server.Applied.IsEmpty ? ["RESET ROLE", resetQuery] : [resetQuery];
        ServerQueryResult result = await ServerQuery.RunAsync(server, wakeup, Limit, queries);
        if (!result.IsGood)
        {
            return false;
        }
        if (!resetQuery.Contains("DISCARD ALL", StringComparison.OrdinalIgnoreCase))
        {
            return await NoteSettingsAsync(server, wakeup);
        }
        server.ForgetSession();
        server.Applied = ParameterSet.Empty;
        server.Reported = server.Pool.Parameters.Intern(server.Reported);
        return true;
    }

    /// <summary>
    /// Notes what is set in a session that nobody kept account of, so that the next client's start-up parameters are
    /// put in force over it. False when the server would not say.
    /// </summary>
    public static async ValueTask<bool> NoteSettingsAsync(ServerConnection server, Wakeup wakeup)
    {
        if (await ReadAsync(server, wakeup) is not { } contents)
        {
            return false;
        }
        server.Applied = contents.Settings;
        server.Reported = server.Pool.Parameters.Intern(server.Reported);
        return true;
    }

    private static PinReason PinOf(string mark) =>
        mark switch
        {
            "*listen" => PinReason.Listen,
            "*temp" => PinReason.TemporaryTable,
            "*hold" => PinReason.HoldCursor,
            "*lock" => PinReason.AdvisoryLock,
            "*prepared" => PinReason.PreparedStatement,
            _ => PinReason.Unknown,
        };

    /// <summary>
    /// One SELECT whose columns are evaluated in order: first back to the login's rights, last to the client's.
    /// </summary>
    private static string Difference(ParameterSet applied, ParameterSet wanted)
    {
        List<string> calls = [];
        foreach (string identity in (string[])["role", "session_authorization"])
        {
            if (applied.TryFind(identity, out _))
            {
                calls.Add(Call(identity, null));
            }
        }
        foreach ((string name, _) in applied.Items)
        {
            if (!IsIdentity(name) && !wanted.TryFind(name, out _))
            {
                calls.Add(Call(name, null));
            }
        }
        foreach ((string name, string value) in wanted.Items)
        {
            if (!IsIdentity(name) && (!applied.TryFind(name, out string? now) || now != value))
            {
                calls.Add(Call(name, value));
            }
        }
        foreach (string identity in (string[])["session_authorization", "role"])
        {
            if (wanted.TryFind(identity, out string? value))
            {
                calls.Add(Call(identity, value));
            }
        }
        return calls.Count == 0 ? "" : "SELECT " + string.Join(", ", calls);
    }

    private static bool IsIdentity(string name) => name is "role" or "session_authorization";

    private static string Call(string name, string? value) =>
        $"pg_catalog.set_config({Literal(name)}, {(value is null ? "NULL" : Literal(value))}, false)";

    /// <summary>A literal that reads the same whatever standard_conforming_strings is.</summary>
    private static string Literal(string value) =>
        "E'" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";
}
