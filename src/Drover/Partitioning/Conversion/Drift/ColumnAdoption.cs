// Takes a column that was added to the source over to the target, whose rows begin with the value that most have.
using Drover.Operations.Connections;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Drift;

/// <summary>
/// ADD COLUMN with a constant default writes no row: PostgreSQL keeps one value for all that were there before (manual,
/// ALTER TABLE, notes). The target gets that same value in that same way, so only rows that were written since differ.
/// </summary>
internal static class ColumnAdoption
{
    /// <summary>The value, as a constant in SQL, that the target's rows begin with; null: NULL.</summary>
    public static async Task<string?> ReadFirstValueAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ColumnDescription column,
        CancellationToken cancellationToken
    )
    {
        string? text =
            await connection.ScalarAsync(
                """
                SELECT (attmissingval::text::text[])[1] FROM pg_attribute
                WHERE attrelid = to_regclass($1) AND attname = $2 AND atthasmissing
                """,
                [table.Name.ToString(), column.Name],
                cancellationToken
            ) as string;
        // The source was written anew: each row has a value of its own, and any of them will do to begin with.
        if (text is null && column.IsNotNull)
        {
            text =
                await connection.ScalarAsync(
                    $"SELECT {SqlText.Name(column.Name)}::text FROM {table.Name} LIMIT 1",
                    [],
                    cancellationToken
                ) as string;
        }
        return text is null ? null : $"{SqlText.Literal(text)}::{column.Type}";
    }
}
