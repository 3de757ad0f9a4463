// What verbs share that do something on one session of one database: the connection, messages, exit codes.
using System.CommandLine;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.App.Commands;

/// <summary>The session of a verb.</summary>
/// <param name="Connection">With the settings of <see cref="ServerAccess"/>.</param>
/// <param name="Description">Host, port, database and user, for a person.</param>
/// <param name="Access">Opens further sessions.</param>
internal sealed record DatabaseSession(NpgsqlConnection Connection, string Description, ServerAccess Access);

/// <summary>Exit codes: the verb's own; 1 not reached, or the server failed; 2 usage; 3 refused; 130 Ctrl-C.</summary>
internal static class DatabaseInvocation
{
    /// <summary>Runs a verb.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="text">The database as it was given; null if it was not.</param>
    /// <param name="run">The verb.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="applicationName">What the server is told; null: nothing.</param>
    public static async Task<int> RunAsync(
        ParseResult parsed,
        string? text,
        Func<DatabaseSession, CancellationToken, Task<int>> run,
        CancellationToken cancellation,
        string? applicationName = null
    )
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        NpgsqlConnectionStringBuilder? target = ConnectionText.Parse(
            text,
            Environment.GetEnvironmentVariable,
            out string problem
        );
        if (target is null)
        {
            await error.WriteLineAsync($"drover: {problem}");
            return (int)OperationOutcome.Usage;
        }
        target.ApplicationName = applicationName ?? target.ApplicationName;
        await using ServerAccess access = new(target);
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
            return await run(new DatabaseSession(connection, access.Description, access), cancellation);
        }
        catch (OperationException failure)
        {
            await error.WriteLineAsync($"drover: {failure.Message}");
            return (int)failure.Outcome;
        }
        catch (OperationCanceledException)
        {
            return (int)OperationOutcome.Interrupted;
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            await error.WriteLineAsync($"drover: {ServerFailure.Describe(failure, access.Description)}");
            return (int)OperationOutcome.Failed;
        }
    }
}
