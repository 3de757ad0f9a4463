// The PostgreSQL versions that every integration test runs on.
namespace Drover.IntegrationTests.LocalPostgres;

/// <summary>Data for theories: <c>[Theory, MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]</c>.</summary>
public static class PostgresVersions
{
    /// <summary>The oldest and the newest one in use.</summary>
    public static TheoryData<int> All => [15, 18];
}
