// Finds the table that a person means: with or without schema, along the role's own search_path.
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>Names of tables as a person writes them.</summary>
internal static class RelationNames
{
    /// <summary>The schema-qualified, quoted name; null when there is no such relation, or it is no name.</summary>
    public static async Task<string?> ResolveAsync(
        NpgsqlConnection connection,
        string table,
        CancellationToken cancellation
    )
    {
        // Sessions of Drover have an empty search_path; the role's own is what a person thinks in.
        await connection.ExecuteAsync("RESET search_path", [], cancellation);
        try
        {
            return await connection.ScalarAsync(
                    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c "
                        + "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
                    [table],
                    cancellation
                ) as string;
        }
        catch (PostgresException malformed)
            when (malformed.SqlState is PostgresErrorCodes.SyntaxError or PostgresErrorCodes.InvalidName)
        {
            return null;
        }
        finally
        {
            await connection.ExecuteAsync("SET search_path = ''", [], cancellation);
        }
    }
}
