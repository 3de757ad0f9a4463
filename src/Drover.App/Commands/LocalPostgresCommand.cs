// `drover local-postgres`: a throw-away PostgreSQL for a developer, running until Ctrl-C.
using System.CommandLine;
using Drover.App.LocalPostgres;

namespace Drover.App.Commands;

/// <summary>Starts a local cluster, says how to reach it, and removes it in the end. Hidden: for development.</summary>
internal static class LocalPostgresCommand
{
    /// <summary>The verb with its options.</summary>
    public static Command Create()
    {
        Option<int> major = new("--major")
        {
            Description = "Major version of PostgreSQL",
            DefaultValueFactory = static _ => PostgresBinaries.DefaultMajor,
        };
        Option<string?> bin = new("--postgres-bin") { Description = "Folder of PostgreSQL's programs" };
        Command command = new("local-postgres", "Runs a throw-away PostgreSQL until Ctrl-C.") { major, bin };
        command.Hidden = true;
        command.SetAction(
            (result, cancellationToken) =>
                RunAsync(
                    new LocalPostgresOptions { Major = result.GetValue(major), BinFolder = result.GetValue(bin) },
                    result.InvocationConfiguration.Output,
                    result.InvocationConfiguration.Error,
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        LocalPostgresOptions options,
        TextWriter output,
        TextWriter error,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using LocalPostgresCluster cluster = await LocalPostgresCluster.StartNewAsync(
                options,
                cancellationToken
            );
            await output.WriteLineAsync(
                $"PostgreSQL {cluster.Binaries.Version}, process {cluster.ProcessId}, folder {cluster.Folder}"
            );
            await output.WriteLineAsync(
                $"psql -h {LocalPostgresCluster.Host} -p {cluster.Port} -U {LocalPostgresCluster.Superuser} postgres"
            );
            await Task.Delay(Timeout.InfiniteTimeSpan, options.TimeProvider, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        catch (LocalPostgresException failure)
        {
            await error.WriteLineAsync($"drover: {failure.Message}");
            return 1;
        }
        return 0;
    }
}
