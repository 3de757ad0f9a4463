// Names that must be quoted, of roles and of what they look at: nothing that reads the catalogs takes them for others.
using System.Text.Json;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;
using Npgsql;

namespace Drover.IntegrationTests.Advice;

public sealed class OddNamesTests(MeasuredPostgresFixture fixture)
{
    private const string Schema = """"
        CREATE EXTENSION pg_stat_statements;
        CREATE SCHEMA "Shop ""1""";
        CREATE TABLE "Shop ""1"""."Order""s" (
            "Id" smallint GENERATED ALWAYS AS IDENTITY (START 32001) PRIMARY KEY, "Created At" timestamptz NOT NULL
        );
        INSERT INTO "Shop ""1"""."Order""s" ("Created At") SELECT now() FROM generate_series(1, 100);
        CREATE TABLE "Shop ""1"""."Part" (at timestamp NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE "Shop ""1"""."Part_1" PARTITION OF "Shop ""1"""."Part" DEFAULT;
        SELECT count(*) FROM "Shop ""1"""."Order""s" WHERE "Created At" > now();
        """";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Inspect_looks_with_a_role_and_at_a_schema_of_any_name(int major)
    {
        (LocalPostgresCluster cluster, string database) = await fixture.CreateDatabaseAsync(major, Token);
        await cluster.ExecuteAsync(Schema, Token, database);
        string role = $"Mon-itor \"Ü\" {database}";
        await cluster.ExecuteAsync(
            $"CREATE ROLE {Quoted(role)} LOGIN; GRANT pg_monitor, pg_read_all_data TO {Quoted(role)}",
            Token,
            database
        );
        foreach (string user in (string[])[LocalPostgresCluster.Superuser, role])
        {
            JsonElement answer = await InspectProgram.JsonAsync(cluster, database, Uri.EscapeDataString(user));
            JsonElement found = Assert.Single(
                answer.GetProperty("recommendations").EnumerateArray(),
                static one => one.GetProperty("code").GetString() == "sequence-exhaustion"
            );
            Assert.Contains(
                """"ALTER TABLE "Shop ""1"""."Order""s" ALTER COLUMN "Id" TYPE bigint"""",
                found.GetProperty("do").GetString(),
                StringComparison.Ordinal
            );
        }
    }

    private static string Quoted(string name) => new NpgsqlCommandBuilder().QuoteIdentifier(name);
}
