// Every real client sees through the proxy what it sees when it talks to PostgreSQL itself.
namespace Drover.IntegrationTests.Clients;

/// <summary>Runs each client directly and through the proxy and compares what it saw, step by step.</summary>
public abstract class ClientTests(ClientStage stage)
{
    /// <summary>A client that stops early compares equal to nothing; no script has fewer steps than this.</summary>
    private const int StepsMin = 6;

    /// <summary>The names of all clients.</summary>
    public static TheoryData<string> Clients => [.. ClientProgram.All.Select(client => client.Name)];

    [Theory]
    [MemberData(nameof(Clients))]
    public Task Client_sees_in_session_mode_what_PostgreSQL_shows(string client) => CompareAsync(client, "session");

    [Theory]
    [MemberData(nameof(Clients))]
    public Task Client_sees_in_transaction_mode_what_PostgreSQL_shows(string client) =>
        CompareAsync(client, "transaction");

    private async Task CompareAsync(string name, string poolMode)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        ClientProgram client = ClientProgram.Named(name);
        ClientOutcome expected = await stage.RunDirectlyAsync(client, cancellationToken);
        Assert.True(expected.Count >= StepsMin, $"{name} took only {expected.Count} steps");
        (ClientOutcome actual, string log) = await stage.RunThroughProxyAsync(client, poolMode, cancellationToken);
        IReadOnlyList<string> differences = actual.DifferencesFrom(expected, IsCompared);
        string listed = string.Join('\n', differences);
        Assert.True(
            differences.Count == 0,
            $"{name} in {poolMode} mode: {differences.Count} differences\n{listed}\n--- log of the proxy\n{log}"
        );
    }

    // PgBouncer has an own idea of start-up parameters and of refused logins in either mode.
    private static bool IsCompared(string step) =>
        !ProxyUnderTest.IsPgBouncer || !step.StartsWith("startup_", StringComparison.Ordinal);
}

/// <summary>The clients on PostgreSQL 15.</summary>
public sealed class ClientsOnPostgres15Tests(ClientStage15 stage) : ClientTests(stage), IClassFixture<ClientStage15>;

/// <summary>The clients on PostgreSQL 18.</summary>
public sealed class ClientsOnPostgres18Tests(ClientStage18 stage) : ClientTests(stage), IClassFixture<ClientStage18>;
