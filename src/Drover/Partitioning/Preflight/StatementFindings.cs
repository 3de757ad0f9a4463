// TRAPS 27: the application's own statements, as pg_stat_statements remembers them, that would mean something else.
using System.Text.RegularExpressions;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

/// <summary>
/// Reads texts, so it can say yes too often and cannot see what is not in the view: its findings help, and prove
/// nothing.
/// </summary>
internal static partial class StatementFindings
{
    private const int TextLengthMax = 160;

    private const string Extension = """
        SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'pg_stat_statements'
        """;

    public static async Task<IReadOnlyList<Finding>> FindAsync(
        PreflightQuery query,
        TableDescription table,
        PreflightRequest request
    )
    {
        IReadOnlyList<string?[]> schema = await query.ListAsync(Extension);
        IReadOnlyList<string?[]>? texts = schema is [[{ } name]]
            ? await query.TryListAsync(
                $"""
                SELECT DISTINCT s.query FROM {name}.pg_stat_statements s
                JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
                WHERE position(lower($1) IN lower(s.query)) > 0 AND position('drover' IN s.query) = 0 ORDER BY 1
                """,
                table.Name.Name
            )
            : null;
        if (texts is null)
        {
            return
            [
                new Finding(
                    "statements-unknown",
                    FindingSeverity.Info,
                    "pg_stat_statements",
                    "It is not there, so the application's statements could not be looked at: ON CONFLICT targets "
                        + "without the "
                        + "partition key, ONLY and ctid.",
                    "CREATE EXTENSION pg_stat_statements where it is preloaded, or search the application's code."
                ),
            ];
        }
        return [.. texts.SelectMany(row => Of(row[0] ?? "", table, request)).Distinct()];
    }

    /// <summary>What one statement's text means for the table.</summary>
    internal static IEnumerable<Finding> Of(string text, TableDescription table, PreflightRequest request)
    {
        string sql = Blanks().Replace(Quoted().Replace(Comments().Replace(text, " "), "''"), " ");
        string name = NamePattern(table.Name);
        string shown = sql.Length > TextLengthMax ? sql[..TextLengthMax] + "…" : sql;
        foreach (Match insert in Regex.Matches(sql, $@"\bINSERT INTO {name}(?<rest>.*?)(?=\bINSERT INTO\b|$)", Options))
        {
            if (OfInsert(insert.Groups["rest"].Value, shown, table, request) is { } finding)
            {
                yield return finding;
            }
        }
        if (!Regex.IsMatch(sql, name, Options))
        {
            yield break;
        }
        if (Regex.IsMatch(sql, $@"\b(FROM|UPDATE|JOIN|,) ?ONLY \(? ?{name}", Options))
        {
            yield return new Finding(
                "only",
                FindingSeverity.Consent,
                shown,
                "ONLY leaves the partitions out, and a partitioned table has no rows of its own: it finds nothing.",
                "Leave out ONLY.",
                Consent.PhysicalStatements
            );
        }
        if (Regex.IsMatch(sql, @"\bctid\b", Options))
        {
            yield return new Finding(
                "ctid",
                FindingSeverity.Consent,
                shown,
                "Two rows in two partitions can have the same ctid: it finds rows that are not meant.",
                "Use the primary key, or tableoid with ctid.",
                Consent.PhysicalStatements
            );
        }
        if (Regex.IsMatch(sql, @"\btableoid\b", Options))
        {
            const string Partition = "It becomes the partition's OID.";
            yield return new Finding("tableoid", FindingSeverity.Info, shown, Partition, "Look what it is used for.");
        }
    }

    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private static Finding? OfInsert(string rest, string shown, TableDescription table, PreflightRequest request)
    {
        if (Constraint().Match(rest) is { Success: true } named)
        {
            string name = Unquote(named.Groups[1].Value);
            return UniqueKeyFindings.WithoutKey(table, request).Any(index => index.ConstraintName == name)
                ? new Finding(
                    "conflict-constraint",
                    FindingSeverity.Consent,
                    shown,
                    $"{name} keeps its name and contains {request.Key} from then on: a row with another "
                        + $"{request.Key} is "
                        + "inserted where it was no conflict before.",
                    "Look whether the statement may insert a second row.",
                    Consent.LoseConflictTargets
                )
                : null;
        }
        if (Target().Match(rest) is not { Success: true } target)
        {
            return null;
        }
        string[] columns =
        [
            .. target.Groups[1].Value.Split(',').Select(column => Unquote(column.Trim().Split(' ')[0])),
        ];
        return columns.Contains(request.Key)
            ? null
            : new Finding(
                "conflict-target",
                FindingSeverity.Consent,
                shown,
                "No unique index matches ON CONFLICT "
                    + $"({string.Join(", ", columns)}) any more, so the statement fails with "
                    + "42P10 from the cut-over on.",
                "Write ON CONFLICT "
                    + $"({string.Join(", ", columns)}, {request.Key}), or ON CONFLICT DO NOTHING without a target.",
                Consent.LoseConflictTargets
            );
    }

    // Bare names are folded by PostgreSQL; the text has them as they were written.
    private static string NamePattern(QualifiedName name)
    {
        string Either(string part) => $"""(?:"{Regex.Escape(part)}"|{Regex.Escape(part)})""";
        return $"""(?<![\w.$"])(?:{Either(name.Schema)} ?\. ?)?{Either(name.Name)}(?![\w$"])""";
    }

    private static string Unquote(string name) =>
        name.StartsWith('"') ? name.Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal) : name.ToLowerInvariant();

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex("'(?:[^']|'')*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"\bON CONFLICT ON CONSTRAINT (""(?:[^""]|"""")+""|[\w$]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Constraint();

    [GeneratedRegex(@"\bON CONFLICT ?\(([^()]*(?:\([^()]*\)[^()]*)*)\)", RegexOptions.IgnoreCase)]
    private static partial Regex Target();
}
