// Slower plans as recommendations: what is gone that the plan before used, or what the planner may not know.
using System.Globalization;
using System.Text.RegularExpressions;
using Drover.Advice.Indexes;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Plans;

/// <summary>Looks in the catalogs for the reason of a change, and puts it in words with what to do.</summary>
internal static partial class PlanAdvice
{
    private sealed record Fact(string Schema, string Name, string Quoted, bool IsValid, long Changed, double Rows);

    // An index that is not there any more has no row.
    private const string FactsSql = """
        SELECT n.nspname::text, c.relname::text, format('%I.%I', n.nspname, c.relname), coalesce(i.indisvalid, true),
               coalesce(s.n_mod_since_analyze, 0), c.reltuples::float8
        FROM unnest($1::text[], $2::text[]) x (s, n)
        JOIN pg_catalog.pg_namespace n ON n.nspname = x.s
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = x.n
        LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
        LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
        """;

    // The rows of a table that changed since ANALYZE, from where on the planner may be wrong about it.
    private const double StaleShare = 0.1;

    /// <summary>One for each statement that became slower.</summary>
    /// <param name="connection">The database of the statements.</param>
    /// <param name="changes">As the history has them; null: from the history in this database, if it has one.</param>
    /// <param name="limits">Thresholds.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyList<PlanChange>? changes,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        changes ??= await OwnAsync(connection, limits, cancellation);
        (string Schema, string Name)[] asked =
        [
            .. changes
                .SelectMany(static one => LostIndexes(one).Select(static node => (node.Schema, node.Index)))
                .Concat(changes.SelectMany(TablesOf))
                .Distinct(),
        ];
        if (asked.Length == 0)
        {
            return [];
        }
        List<Fact> facts = await connection.ListAsync(
            FactsSql,
            [asked.Select(static one => one.Schema).ToArray(), asked.Select(static one => one.Name).ToArray()],
            static row => new Fact(
                row.GetString(0),
                row.GetString(1),
                row.GetString(2),
                row.GetBoolean(3),
                row.GetInt64(4),
                row.GetDouble(5)
            ),
            cancellation
        );
        return [.. changes.Select(one => Of(one, facts))];
    }

    // A history may have several servers, and this database may be a copy: only what it has run itself counts.
    private static async Task<IReadOnlyList<PlanChange>> OwnAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        string database = (string)(await connection.ScalarAsync("SELECT current_database()::text", [], cancellation))!;
        IReadOnlyList<PlanChange> all = await PlanChange.ReadAsync(connection, database, null, limits, cancellation);
        if (all.Count == 0)
        {
            return [];
        }
        HashSet<long> own =
        [
            .. (await Workload.ByIdAsync(connection, limits.StatementsMax, cancellation) ?? []).Select(static one =>
                one.Id
            ),
        ];
        return [.. all.Where(one => own.Contains(one.Statement)).DistinctBy(static one => one.Statement)];
    }

    private static IEnumerable<PlanNode> LostIndexes(PlanChange change)
    {
        HashSet<(string, string)> used = [.. change.After.All().Select(static one => (one.Schema, one.Index))];
        return change
            .Before.All()
            .Where(one => one.Index.Length > 0 && !used.Contains((one.Schema, one.Index)))
            .DistinctBy(static one => (one.Schema, one.Index));
    }

    // Those that are read in another way; else all of them.
    private static IEnumerable<(string Schema, string Name)> TablesOf(PlanChange change)
    {
        Dictionary<string, string[]> old = PlanShape.AccessesOf(change.Before);
        Dictionary<string, string[]> now = PlanShape.AccessesOf(change.After);
        PlanNode[] all = [.. change.After.All().Where(static one => one.Relation.Length > 0)];
        PlanNode[] other =
        [
            .. all.Where(one =>
                !old.GetValueOrDefault(one.Table, []).SequenceEqual(now.GetValueOrDefault(one.Table, []))
            ),
        ];
        return (other.Length > 0 ? other : all).Select(static one => (one.Schema, one.Relation)).Distinct();
    }

    private static Recommendation Of(PlanChange change, List<Fact> facts)
    {
        Fact[] tables = [.. TablesOf(change).Select(one => Find(one.Schema, one.Name)).OfType<Fact>()];
        (string reason, string price, string @do, string undo) = Remedy(change, tables, Find);
        string text = StudiedStatement.OnOneLine(change.Text);
        string subject = string.Join(", ", tables.Select(static one => one.Quoted));
        return new Recommendation(
            "plan-changed",
            Text($"{(subject.Length > 0 ? $"{subject}, " : "")}statement {change.Statement}"),
            Gain.Time,
            change.LostSecondsPerDay,
            Text($"another plan since {change.At.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {change.Difference}; ")
                + Text($"{change.Now.MeanMs:N2} ms a call over {change.Now.Calls:N0} calls since, ")
                + Text($"{change.Old.MeanMs:N2} ms over {change.Old.Calls:N0} before{reason}: ")
                + (text.Length <= 100 ? text : $"{text[..100]}…"),
            Text($"{change.LostSecondsPerDay:N0} s a day, if a call takes again what it took"),
            price,
            "it may have become slower for another reason too: the plan is the one for any value, looked at every few "
                + "minutes, and a value of yours may have had another. drover serve says whether the time comes back",
            @do,
            undo
        );

        Fact? Find(string schema, string name) => facts.Find(one => one.Schema == schema && one.Name == name);
    }

    private static (string Reason, string Price, string Do, string Undo) Remedy(
        PlanChange change,
        Fact[] tables,
        Func<string, string, Fact?> find
    )
    {
        foreach (PlanNode index in LostIndexes(change))
        {
            Fact? found = find(index.Schema, index.Index);
            if (found is { IsValid: false })
            {
                string rebuild = $"REINDEX INDEX CONCURRENTLY {found.Quoted}";
                return ($"; {found.Quoted} is invalid", "it is built anew beside the traffic", rebuild, "");
            }
            if (found is null && index.Definition.Length > 0)
            {
                bool isOnParts = index.Definition.Contains(" ON ONLY ", StringComparison.Ordinal);
                (string name, string create) = Concurrently(index.Definition, isOnParts);
                return (
                    $"; the index {index.Index} is gone",
                    isOnParts
                        ? "the table is not written to while it is built: drover index builds without that"
                        : "the table is read twice, beside the traffic; its space, and one index more to write",
                    create,
                    $"DROP INDEX {(isOnParts ? "" : "CONCURRENTLY ")}{QuotedSchema(index.Definition)}{name}"
                );
            }
            if (found is null)
            {
                return (
                    $"; the index {index.Index} is gone, and what made it held constants, which are not kept",
                    "that of the index",
                    "drover index list -d URI",
                    ""
                );
            }
        }
        Fact[] stale = [.. tables.Where(static one => one.Rows < 0 || one.Changed > StaleShare * one.Rows)];
        string names = string.Join(", ", (stale.Length > 0 ? stale : tables).Select(static one => one.Quoted));
        string known =
            stale.Length == 0 ? "" : $"; much of {names} has changed since ANALYZE, or it never was analysed";
        return (known, "a sample of the rows is read", $"ANALYZE {names}", "");
    }

    // As pg_get_indexdef prints it: the name comes without its schema, the table with it.
    private static (string Name, string Create) Concurrently(string definition, bool isOnParts)
    {
        Match match = Definition.Match(definition);
        string create = isOnParts
            ? definition.Replace(" ON ONLY ", " ON ", StringComparison.Ordinal)
            : $"{match.Groups["create"].Value}CONCURRENTLY {definition[match.Groups["name"].Index..]}";
        return (match.Groups["name"].Value, create);
    }

    private static string QuotedSchema(string definition) => Definition.Match(definition).Groups["schema"].Value;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(
        """^(?<create>CREATE (UNIQUE )?INDEX )(?<name>"([^"]|"")+"|\S+) ON (ONLY )?"""
            + """(?<schema>("([^"]|"")+"|[^."\s]+)\.)"""
    )]
    private static partial Regex Definition { get; }
}
