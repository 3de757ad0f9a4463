// drover as a process, asked about a database of a test's cluster.
using System.Diagnostics;
using System.Text.Json;
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

/// <summary>What a verb answered.</summary>
internal sealed record ProgramAnswer(int ExitCode, string Output, string Error);

/// <summary>Runs verbs and reads their answers.</summary>
internal static class InspectProgram
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A database's address.</summary>
    public static string Url(
        LocalPostgresCluster cluster,
        string database,
        string user = LocalPostgresCluster.Superuser
    ) => $"postgres://{user}@{LocalPostgresCluster.Host}:{cluster.Port}/{database}";

    /// <summary>A verb, until it ends.</summary>
    public static async Task<ProgramAnswer> RunAsync(params string[] words)
    {
        using Process process = Start(words);
        Task<string> error = process.StandardError.ReadToEndAsync(Token);
        string output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return new ProgramAnswer(process.ExitCode, output, await error);
    }

    /// <summary>A verb that runs on.</summary>
    public static Process Start(params string[] words) =>
        Process.Start(
            new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "drover"), words)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;

    /// <summary>drover inspect --json for a second.</summary>
    public static async Task<JsonElement> JsonAsync(
        LocalPostgresCluster cluster,
        string database,
        string user,
        params string[] options
    )
    {
        string[] words = ["inspect", Url(cluster, database, user), "--json", "--seconds", "1", .. options];
        ProgramAnswer answer = await RunAsync(words);
        Assert.True(answer.ExitCode == 0, answer.ToString());
        using JsonDocument document = JsonDocument.Parse(answer.Output);
        return document.RootElement.Clone();
    }

    /// <summary>One value.</summary>
    public static async Task<object?> ScalarAsync(LocalPostgresCluster cluster, string database, string sql)
    {
        await using NpgsqlConnection connection = new(cluster.ConnectionStringTo(database));
        await connection.OpenAsync(Token);
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(Token);
    }
}
