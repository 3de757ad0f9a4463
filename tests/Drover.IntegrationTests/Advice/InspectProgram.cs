// drover as a process, asked about a database of a test's cluster.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

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

    /// <summary>drover inspect --json for a second.</summary>
    public static async Task<JsonElement> JsonAsync(
        LocalPostgresCluster cluster,
        string database,
        string user,
        params string[] options
    )
    {
        string[] words = ["inspect", Url(cluster, database, user), "--json", "--seconds", "1", .. options];
        ProgramAnswer answer = await TestedProgram.RunAsync(words);
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
