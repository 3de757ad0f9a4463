// Clusters for tests that ask what pg_stat_statements has counted.
using Drover.IntegrationTests.LocalPostgres;

[assembly: AssemblyFixture(typeof(MeasuredPostgresFixture))]

namespace Drover.IntegrationTests.LocalPostgres;

/// <summary>
/// On the clusters of all tests a thousand databases fill its entries: those with few calls are pushed out, and come
/// back with the values of whoever runs them next. Here nothing is.
/// </summary>
public sealed class MeasuredPostgresFixture : PostgresFixture
{
    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, string>> MoreSettings =>
        [KeyValuePair.Create("pg_stat_statements.max", "50000")];
}
