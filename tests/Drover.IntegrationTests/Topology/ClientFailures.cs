// What a statement comes to, for tests in which it may fail.
using Npgsql;

namespace Drover.IntegrationTests.Topology;

internal static class ClientFailures
{
    /// <summary>The SQLSTATE; null when it ran.</summary>
    public static async Task<string?> FailureAsync(this NpgsqlConnection client, string sql, params object[] values)
    {
        try
        {
            await using NpgsqlCommand command = new(sql, client);
            foreach (object value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            return null;
        }
        catch (PostgresException failure)
        {
            return failure.SqlState;
        }
    }
}
