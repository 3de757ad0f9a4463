// The PostgreSQL versions that every integration test runs on.
namespace Drover.IntegrationTests.LocalPostgres;

/// <summary>Data for theories, named by <c>MemberData</c> with this type as <c>MemberType</c>.</summary>
public static class PostgresVersions
{
    /// <summary>The oldest and the newest one in use.</summary>
    public static TheoryData<int> All => [15, 18];
}
