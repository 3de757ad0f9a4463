// --standby of the verbs that judge indexes.
using System.CommandLine;
using Drover.Advice.Metrics;
using Drover.Operations;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.App.Commands.Indexes;

/// <summary>Standbys whose scans of indexes count too.</summary>
internal static class StandbyOption
{
    /// <summary>The option; it may be given several times.</summary>
    public static Option<string[]> Create() =>
        new("--standby")
        {
            Description = "A standby of this database: what it scans counts too. Once for each.",
            HelpName = "CONNECTION",
        };

    /// <summary>Reads them.</summary>
    /// <exception cref="OperationException">One is not well written, cannot be reached, or is refused.</exception>
    public static async Task<IReadOnlyList<StandbyUse>> ReadAsync(
        string[]? texts,
        NpgsqlConnection primary,
        CancellationToken cancellation
    )
    {
        List<NpgsqlConnectionStringBuilder> targets = [];
        foreach (string text in texts ?? [])
        {
            targets.Add(
                ConnectionText.Parse(text, Environment.GetEnvironmentVariable, out string problem)
                    ?? throw new OperationException($"--standby: {problem}", OperationOutcome.Usage)
            );
        }
        return await StandbyUse.ReadAsync(primary, targets, cancellation);
    }
}
