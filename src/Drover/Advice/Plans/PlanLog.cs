// Plans that auto_explain has written to the server's log, of statements that Drover may not have planned itself.
using System.Text.Json;
using Drover.Advice.Indexes;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Plans;

/// <summary>
/// Reads the logs that have a statement's queryid (<see cref="ServerLog"/>), and plans in text or JSON
/// (https://www.postgresql.org/docs/18/auto-explain.html). Each look goes on where the last one ended. Texts and values
/// in the log are not kept. Not safe for several threads.
/// </summary>
internal sealed class PlanLog
{
    /// <summary>Bytes that are read at once.</summary>
    private const int PieceBytes = 1 << 20;

    /// <summary>Pieces of one look; what is written faster is passed over.</summary>
    private const int PiecesMax = 16;

    private const string StateSql = """
        SELECT coalesce(current_setting('auto_explain.log_min_duration', true), '-1') <> '-1',
               coalesce(current_setting('auto_explain.log_format', true), ''),
               has_function_privilege('pg_catalog.pg_read_binary_file(text,bigint,bigint)', 'EXECUTE')
                   AND has_function_privilege('pg_catalog.pg_stat_file(text)', 'EXECUTE')
                   AND has_function_privilege('pg_catalog.pg_current_logfile(text)', 'EXECUTE'),
               quote_ident(current_user), current_database()::text
        """;

    private const string FileSql = "SELECT coalesce(pg_current_logfile('jsonlog'), pg_current_logfile('csvlog'))";

    // A name that several schemas have is none that can be told from a plan without VERBOSE.
    private const string SchemasSql = """
        SELECT c.relname::text, min(n.nspname)::text FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = ANY ($1) AND c.relpersistence <> 't' AND n.nspname !~ '^pg_(toast|temp)'
        GROUP BY 1 HAVING count(*) = 1
        """;

    private static readonly string[] s_parameters =
    [
        "unnamed portal with parameters",
        "portal \"",
        "extended query with parameters",
    ];

    private readonly Dictionary<long, PlanNode> _plans = [];
    private string _file = "";
    private long _position;
    private bool _isTorn;

    /// <summary>
    /// What keeps plans in the log from being read, with what would help; null where none are written.
    /// </summary>
    public string? Problem { get; private set; }

    /// <summary>Reads on, and gives the last plan of each statement that was seen since the first look.</summary>
    /// <param name="connection">The database whose statements count.</param>
    /// <param name="wanted">Statements, by queryid; others are forgotten.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IReadOnlyDictionary<long, PlanNode>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlySet<long> wanted,
        CancellationToken cancellation
    )
    {
        (bool isOn, string format, bool isAllowed, string role, string database) = (
            await connection.ListAsync(
                StateSql,
                [],
                static row =>
                    (row.GetBoolean(0), row.GetString(1), row.GetBoolean(2), row.GetString(3), row.GetString(4)),
                cancellation
            )
        )[0];
        Problem =
            !isOn ? null
            : format is not ("json" or "text") ? "set auto_explain.log_format = 'json'"
            : null;
        if (isOn && Problem is null && !isAllowed)
        {
            Problem =
                $"GRANT pg_monitor TO {role}; GRANT EXECUTE ON FUNCTION pg_stat_file(text), "
                + $"pg_read_binary_file(text, bigint, bigint) TO {role}";
        }
        string? file =
            isOn && Problem is null ? await connection.ScalarAsync(FileSql, [], cancellation) as string : null;
        if (isOn && Problem is null && file is null)
        {
            Problem = "add jsonlog or csvlog to log_destination, with logging_collector = on";
        }
        Problem = Problem is null ? null : $"plans that auto_explain writes are not read: {Problem}";
        foreach (long id in _plans.Keys.Where(id => !wanted.Contains(id)).ToArray())
        {
            _plans.Remove(id);
        }
        if (file is not null)
        {
            long end = await BeginAsync(connection, file, cancellation);
            for (int piece = 0; piece < PiecesMax && _position < end; piece++)
            {
                long before = _position;
                foreach (LoggedPlan entry in await NextAsync(connection, file, cancellation))
                {
                    if (entry.Database == database && wanted.Contains(entry.Statement) && IsOutermost(entry.Context))
                    {
                        Take(entry);
                    }
                }
                if (_position == before)
                {
                    // The last entry is not whole yet.
                    break;
                }
            }
            await NameAsync(connection, cancellation);
        }
        return _plans;
    }

    /// <summary>Where the file ends now; what is too far behind that is passed over.</summary>
    private async Task<long> BeginAsync(NpgsqlConnection connection, string file, CancellationToken cancellation)
    {
        object? size = await connection.ScalarAsync("SELECT (pg_stat_file($1)).size", [file], cancellation);
        long end = size is long known ? known : 0;
        if (file != _file || end < _position)
        {
            // What stood at the end of a file that is done with is passed over.
            _file = file;
            _position = 0;
            _isTorn = false;
        }
        if (end - _position > (long)PiecesMax * PieceBytes)
        {
            _position = end - (long)PiecesMax * PieceBytes;
            _isTorn = true;
        }
        return end;
    }

    private async Task<List<LoggedPlan>> NextAsync(
        NpgsqlConnection connection,
        string file,
        CancellationToken cancellation
    )
    {
        object? read = await connection.ScalarAsync(
            "SELECT pg_read_binary_file($1, $2, $3)",
            [file, _position, (long)PieceBytes],
            cancellation
        );
        byte[] bytes = read as byte[] ?? [];
        List<LoggedPlan> entries = file.EndsWith(".json", StringComparison.Ordinal)
            ? ServerLog.ReadJson(bytes, ref _isTorn, out int taken)
            : ServerLog.ReadCsv(bytes, ref _isTorn, out taken);
        if (taken == 0 && bytes.Length == PieceBytes)
        {
            // An entry that is longer than a piece is never whole.
            taken = bytes.Length;
            _isTorn = true;
        }
        _position += taken;
        return entries;
    }

    private void Take(LoggedPlan entry)
    {
        const string Head = "plan:\n";
        int start = entry.Message.IndexOf(Head, StringComparison.Ordinal) + Head.Length;
        if (!entry.Message.StartsWith("duration:", StringComparison.Ordinal) || start < Head.Length)
        {
            return;
        }
        if (PlanOf(entry.Message[start..]) is { } plan)
        {
            _plans[entry.Statement] = plan;
        }
    }

    private static PlanNode? PlanOf(string text)
    {
        if (!text.StartsWith('{'))
        {
            return PlanText.Read(text);
        }
        try
        {
            using JsonDocument logged = JsonDocument.Parse(text, PlanSession.Deep);
            return logged.RootElement.TryGetProperty("Plan", out JsonElement top) ? PlanNode.ReadStep(top) : null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // Cut off, or of somebody else's, with other kinds of values: another one comes.
            return null;
        }
    }

    // A line from within a function has the queryid of the statement that called it, and may be anybody's RAISE LOG. At
    // the top there are parameters, if anything (log_parameter_max_length_on_error).
    private static bool IsOutermost(string context) =>
        context.Length == 0
        || (
            !context.Contains('\n', StringComparison.Ordinal)
            && s_parameters.Any(start => context.StartsWith(start, StringComparison.Ordinal))
        );

    /// <summary>Only VERBOSE has schemas.</summary>
    private async Task NameAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        string[] names =
        [
            .. _plans
                .Values.SelectMany(static plan => plan.All())
                .Where(static step => step.Schema.Length == 0)
                .SelectMany(static step => new[] { step.Relation, step.Index })
                .Where(static name => name.Length > 0)
                .Distinct(),
        ];
        if (names.Length == 0)
        {
            return;
        }
        Dictionary<string, string> schemas = (
            await connection.ListAsync(
                SchemasSql,
                [names],
                static row => (Name: row.GetString(0), Schema: row.GetString(1)),
                cancellation
            )
        ).ToDictionary(static one => one.Name, static one => one.Schema);
        foreach (long id in _plans.Keys.ToArray())
        {
            _plans[id] = Named(_plans[id], schemas);
        }
    }

    private static PlanNode Named(PlanNode plan, Dictionary<string, string> schemas)
    {
        string name = plan.Relation.Length > 0 ? plan.Relation : plan.Index;
        return plan with
        {
            Schema = plan.Schema.Length > 0 ? plan.Schema : schemas.GetValueOrDefault(name, ""),
            Children = [.. plan.Children.Select(child => Named(child, schemas))],
        };
    }
}
