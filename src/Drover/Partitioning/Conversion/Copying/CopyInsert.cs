// The statement that copies a range of rows, whatever the ranges are made of.
using Npgsql;

namespace Drover.Partitioning.Conversion.Copying;

/// <summary>Inserts what one range of the source holds into the target.</summary>
/// <param name="layout">The tables.</param>
internal sealed class CopyInsert(ConversionLayout layout)
{
    /// <summary>After a batch in which the mirror had been faster, so many do not try the cheap way first.</summary>
    public const int PatientBatches = 16;

    /// <summary>
    /// Locks the source before anything else: whoever truncates it must not find us holding the target and waiting for
    /// the source.
    /// </summary>
    public string Begin => $"LOCK TABLE {layout.Table} IN ACCESS SHARE MODE; SET LOCAL row_security = off";

    /// <summary>Copies the rows, called <c>s</c>, for which the condition holds.</summary>
    /// <param name="connection">The transaction's.</param>
    /// <param name="condition">The range.</param>
    /// <param name="patient">More than 0: the mirror is expected to have put some of the rows there already.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many rows, and how many more batches are to be patient.</returns>
    public async Task<(long Rows, int Patient)> RunAsync(
        NpgsqlConnection connection,
        string condition,
        int patient,
        CancellationToken cancellationToken
    )
    {
        string insert = $"""
            INSERT INTO {layout.NewTable} ({layout.Written()}) OVERRIDING SYSTEM VALUE
            SELECT {layout.Written("s")} FROM {layout.Table} AS s WHERE {condition}
            """;
        if (patient == 0)
        {
            await ExecuteAsync(connection, "SAVEPOINT drover_copy", cancellationToken);
            try
            {
                int rows = await ExecuteAsync(connection, insert, cancellationToken);
                await ExecuteAsync(connection, "RELEASE SAVEPOINT drover_copy", cancellationToken);
                return (rows, 0);
            }
            catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                await ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT drover_copy", cancellationToken);
            }
        }
        return (
            await ExecuteAsync(connection, $"{insert} ON CONFLICT DO NOTHING", cancellationToken),
            patient == 0 ? PatientBatches : patient - 1
        );
    }

    /// <summary>Runs a statement.</summary>
    public static async Task<int> ExecuteAsync(
        NpgsqlConnection connection,
        string sql,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
