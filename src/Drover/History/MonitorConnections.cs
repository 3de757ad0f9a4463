// How a measured server, or a database that keeps histories, is reached.
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.History;

/// <summary>Connection strings of the configuration, with limits: nothing is waited for without end.</summary>
internal static class MonitorConnections
{
    private const string Unseen = "SET pg_stat_statements.track = 'none'";

    private const string ApplicationName = "drover monitor";

    /// <summary>Reads one; null, and what is wrong with it. No problem ever holds a password.</summary>
    public static NpgsqlConnectionStringBuilder? Parse(string text, HistoryLimits limits, out string problem)
    {
        NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
            text,
            Environment.GetEnvironmentVariable,
            out problem
        );
        if (target is null)
        {
            return null;
        }
        target.CommandTimeout = (int)limits.QueryTimeout.TotalSeconds;
        target.Timeout = Math.Min(target.Timeout, (int)limits.ConnectTimeout.TotalSeconds);
        if (target.ApplicationName == ConnectionText.ApplicationName)
        {
            target.ApplicationName = ApplicationName;
        }
        return target;
    }

    /// <summary>
    /// Keeps what a session does out of pg_stat_statements, so that nobody measures the measuring. A superuser may, or
    /// who was granted SET on that parameter; else its few queries count among the others.
    /// </summary>
    public static async Task HideAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await connection.ExecuteAsync(Unseen, [], cancellationToken);
        }
        catch (PostgresException denied) when (denied.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // They count.
        }
    }
}
