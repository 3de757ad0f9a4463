// Sequences and the integer columns that they fill, before they run out.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Findings;

/// <summary>The nearer end counts: of the sequence, or of the column's type.</summary>
internal static class SequenceAdvice
{
    private const string Sql = """
        SELECT format('%I.%I', n.nspname, t.relname), format('%I', a.attname), format_type(a.atttypid, NULL),
               format('%I.%I', s.schemaname, s.sequencename), s.last_value,
               least(s.max_value, CASE a.atttypid WHEN 'int2'::regtype THEN 32767
                                                  WHEN 'int4'::regtype THEN 2147483647 ELSE s.max_value END)
        FROM pg_catalog.pg_sequences s
        JOIN pg_catalog.pg_namespace m ON m.nspname = s.schemaname
        JOIN pg_catalog.pg_class q ON q.relname = s.sequencename AND q.relnamespace = m.oid
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = q.oid
             AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
        JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
        WHERE s.last_value IS NOT NULL AND s.increment_by > 0 AND NOT s.cycle
        """;

    /// <summary>One for each sequence that has used up so much.</summary>
    public static async Task<IEnumerable<Recommendation>> ReadAsync(
        NpgsqlConnection connection,
        AdviceLimits limits,
        CancellationToken cancellation
    )
    {
        List<(double Share, Recommendation Advice)> found = await connection.ListAsync(Sql, [], Of, cancellation);
        return found.Where(one => one.Share >= limits.SequenceShare).Select(static one => one.Advice);
    }

    private static (double, Recommendation) Of(NpgsqlDataReader row)
    {
        (string table, string column, string type, string sequence) = (
            row.GetString(0),
            row.GetString(1),
            row.GetString(2),
            row.GetString(3)
        );
        (long last, long most) = (row.GetInt64(4), row.GetInt64(5));
        double share = (double)last / most;
        return (
            share,
            new Recommendation(
                "sequence-exhaustion",
                $"{table}.{column}",
                Gain.Safety,
                share,
                Text($"{sequence} has given {last:N0} of {most:N0} values ({share:P0}) to a column of type {type}"),
                "inserts go on; at the end each fails with SQLSTATE 2200H or 22003",
                "ALTER TABLE … TYPE bigint writes the whole table under a lock that nobody passes",
                "columns that refer to it need the same; on a large table, fill a new bigint column in batches instead",
                $"ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint; ALTER SEQUENCE {sequence} AS bigint",
                $"ALTER SEQUENCE {sequence} AS {type}; ALTER TABLE {table} ALTER COLUMN {column} TYPE {type}"
            )
        );
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
