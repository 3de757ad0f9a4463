// Triggers and rules of the table.
using System.Collections.Immutable;
using Npgsql;

namespace Drover.Partitioning.Catalog.Reading;

internal static class TriggerReader
{
    // tgtype: bit 0 row, 1 before, 2 insert, 3 delete, 4 update, 5 truncate, 6 instead; catalog/pg_trigger.h.
    private const string Triggers = """
        SELECT t.oid, t.tgname, def.text, ' ON ' || quote_ident(n.nspname) || '.' || quote_ident(r.relname) || ' ',
               t.tgenabled::text, t.tgtype::int, t.tgconstraint <> 0,
               t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL, updated.names, pn.nspname, p.proname, l.lanname,
               coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), obj_description(t.oid, 'pg_trigger')
        FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace pn ON pn.oid = p.pronamespace
        JOIN pg_language l ON l.oid = p.prolang
        CROSS JOIN LATERAL (SELECT pg_get_triggerdef(t.oid) AS text) def
        LEFT JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names
            FROM unnest(t.tgattr::int2[]) k(number)
            JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = k.number) updated ON true
        WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgname NOT LIKE '!drover\_%' ORDER BY t.tgname
        """;

    private const string Rules = """
        SELECT w.rulename, n.nspname, r.relname, pg_get_ruledef(w.oid), w.ev_enabled::text, w.is_instead,
               obj_description(w.oid, 'pg_rewrite'), r.relkind IN ('r', 'p')
        FROM pg_rewrite w JOIN pg_class r ON r.oid = w.ev_class JOIN pg_namespace n ON n.oid = r.relnamespace
        """;

    public static Task<ImmutableArray<TriggerDescription>> ListAsync(CatalogQuery query, uint table) =>
        query.ListAsync(Triggers, table, Read);

    /// <summary>The relation's rules, but not a view's own.</summary>
    public static Task<ImmutableArray<RuleDescription>> ListRulesAsync(CatalogQuery query, uint relation) =>
        query.ListAsync(
            $"{Rules} WHERE w.ev_class = $1 AND w.rulename <> '_RETURN' ORDER BY w.rulename",
            relation,
            ReadRule
        );

    public static Task<RuleDescription?> FindRuleAsync(CatalogQuery query, uint rule) =>
        query.FindAsync($"{Rules} WHERE w.oid = $1", rule, ReadRule);

    private static TriggerDescription Read(NpgsqlDataReader row)
    {
        string definition = row.GetString(2);
        string on = row.GetString(3);
        int at = definition.IndexOf(on, StringComparison.Ordinal);
        int type = row.GetInt32(5);
        return new()
        {
            Oid = row.GetFieldValue<uint>(0),
            Name = row.GetString(1),
            Head = definition[..at],
            Tail = definition[(at + on.Length)..],
            Enabled = row.Enabled(4),
            IsForEachRow = (type & 1) != 0,
            Timing =
                (type & 64) != 0 ? TriggerTiming.InsteadOf
                : (type & 2) != 0 ? TriggerTiming.Before
                : TriggerTiming.After,
            OnInsert = (type & 4) != 0,
            OnDelete = (type & 8) != 0,
            OnUpdate = (type & 16) != 0,
            OnTruncate = (type & 32) != 0,
            IsConstraint = row.GetBoolean(6),
            HasTransitionTables = row.GetBoolean(7),
            UpdateColumns = row.Texts(8),
            Function = row.Name(9, 10),
            FunctionLanguage = row.GetString(11),
            FunctionSource = row.GetString(12),
            Comment = row.TextOrNull(13),
        };
    }

    private static RuleDescription ReadRule(NpgsqlDataReader row) =>
        new()
        {
            Name = row.GetString(0),
            Relation = row.Name(1, 2),
            Definition = row.GetString(3).TrimEnd(';'),
            Enabled = row.Enabled(4),
            IsInstead = row.GetBoolean(5),
            Comment = row.TextOrNull(6),
            IsOnTable = row.GetBoolean(7),
        };
}
