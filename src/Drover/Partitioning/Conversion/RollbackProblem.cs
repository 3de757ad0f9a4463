// Why the old table cannot follow the new one, as the reverse mirror and the sweeps have met it.
using System.Globalization;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Partitioning.Conversion;

/// <summary>A problem that does not go away by itself.</summary>
/// <param name="Reason">SQLSTATE and, where there is one, the constraint or column; no row's values.</param>
/// <param name="Rows">Entries of the key log that have it; 0: not known.</param>
internal sealed record RollbackProblem(string Reason, long Rows)
{
    /// <summary>
    /// The expression, in an exception handler of PL/pgSQL, that a problem is noted by. <c>SQLERRM</c> may
    /// hold a value.
    /// </summary>
    public const string Noted = "pg_catalog.concat_ws(' ', SQLSTATE, drover_constraint, drover_column)";

    /// <summary>Of a sweep's failure; null if trying again may help.</summary>
    public static RollbackProblem? Of(PostgresException failure) =>
        ServerFailure.KindOf(failure) == FailureKind.Final
            ? new RollbackProblem(
                string.Join(
                    ' ',
                    ((string?[])[failure.SqlState, failure.ConstraintName, failure.ColumnName]).Where(word =>
                        !string.IsNullOrEmpty(word)
                    )
                ),
                0
            )
            : null;

    /// <summary>
    /// The gravest that the key log holds; null: none. Conflicts, timeouts and the like are left out: a sweep mends
    /// those.
    /// </summary>
    public static async Task<RollbackProblem?> ReadAsync(
        NpgsqlConnection connection,
        ConversionLayout layout,
        CancellationToken cancellationToken
    )
    {
        List<RollbackProblem> found = await connection.ListAsync(
            $"""
            SELECT problem, count(*) FROM {layout.KeyLog}
            WHERE problem IS NOT NULL AND problem <> 'TRUNCATE' AND problem !~ '^(40|55|57)'
            GROUP BY problem ORDER BY count(*) DESC LIMIT 1
            """,
            [],
            row => new RollbackProblem(row.GetString(0), row.GetInt64(1)),
            cancellationToken
        );
        return found.FirstOrDefault();
    }

    /// <summary>In words.</summary>
    public string Describe(ConversionLayout layout)
    {
        string rows = Rows == 0 ? "rows" : string.Create(CultureInfo.InvariantCulture, $"{Rows} rows or more");
        return $"{layout.OldTable} cannot take {rows} that were written since the cut-over ({Reason})";
    }
}
