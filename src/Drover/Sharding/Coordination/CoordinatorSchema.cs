// Keeps the coordinator in step: a database in which every table of the shards is a foreign table.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Coordination;

/// <summary>What making the coordinator's schema came to.</summary>
/// <param name="Objects">Statements that were run.</param>
/// <param name="Problems">What could not be made there, and why: queries that need it fail there.</param>
internal sealed record CoordinatorReport(int Objects, IReadOnlyList<string> Problems);

/// <summary>
/// In the coordinator PostgreSQL itself plans what one shard cannot answer: a sharded table is an empty parent with one
/// foreign table for each shard below it, any other table one with a single child. It is made anew in one transaction,
/// so that a query sees the old one or the new one.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/postgres-fdw.html</remarks>
internal sealed class CoordinatorSchema(ShardServers servers)
{
    private const string ChildSchema = "drover_shards";

    private const string Mark = """
        CREATE SCHEMA IF NOT EXISTS drover;
        CREATE TABLE IF NOT EXISTS drover.coordinator_identity (
            is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), topology uuid NOT NULL
        )
        """;

    /// <summary>Makes it what the home shard and the map say.</summary>
    /// <exception cref="OperationException">The database is used for something else, or lacks postgres_fdw.</exception>
    public async Task<CoordinatorReport> SyncAsync(TopologySnapshot map, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        Guid id = (Guid)(await catalog.ScalarAsync("SELECT id FROM drover.topology", [], cancellationToken))!;
        await using NpgsqlConnection home = await servers.OpenAsync(map.Home, cancellationToken);
        await using NpgsqlConnection coordinator = await servers.OpenCoordinatorAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await coordinator.BeginTransactionAsync(cancellationToken);
        await coordinator.ExecuteAsync("SET LOCAL check_function_bodies = off", [], cancellationToken);
        await ClaimAsync(coordinator, id, cancellationToken);
        await ClearAsync(coordinator, cancellationToken);
        await AddServersAsync(coordinator, map, cancellationToken);
        List<(string, string)> statements = [];
        foreach (
            string query in (string[])
                [SchemaQueries.Schemas, SchemaQueries.Extensions, SchemaQueries.Types, SchemaQueries.Functions]
        )
        {
            statements.AddRange(await home.ListAsync(query, [], Read, cancellationToken));
        }
        List<string> problems = [];
        int made = await RunAsync(coordinator, statements, problems, cancellationToken);
        made += await RunAsync(
            coordinator,
            await TablesAsync(home, map, cancellationToken),
            problems,
            cancellationToken
        );
        foreach (string query in (string[])[SchemaQueries.Views, SchemaQueries.Privileges])
        {
            made += await RunAsync(
                coordinator,
                await home.ListAsync(query, [], Read, cancellationToken),
                problems,
                cancellationToken
            );
        }
        await transaction.CommitAsync(cancellationToken);
        return new CoordinatorReport(made, problems);
    }

    private static (string Name, string Statement) Read(NpgsqlDataReader row) => (row.GetString(0), row.GetString(1));

    // A database that somebody uses for something else would be emptied.
    private async Task ClaimAsync(NpgsqlConnection coordinator, Guid id, CancellationToken cancellationToken)
    {
        bool isMarked =
            await coordinator.ScalarAsync(
                "SELECT to_regclass('drover.coordinator_identity') IS NOT NULL",
                [],
                cancellationToken
            )
            is true;
        object? tables = await coordinator.ScalarAsync(
            """
            SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            """,
            [],
            cancellationToken
        );
        if (!isMarked && tables is string inTheWay)
        {
            throw new OperationException(
                $"coordinator {servers.Database.Coordinator} has tables ({inTheWay}): it has to be a database of its "
                    + "own, for all that is in it is made anew",
                OperationOutcome.Refused
            );
        }
        await coordinator.ExecuteAsync(Mark, [], cancellationToken);
        await coordinator.ExecuteAsync(
            "INSERT INTO drover.coordinator_identity (topology) VALUES ($1) ON CONFLICT DO NOTHING",
            [id],
            cancellationToken
        );
        object? same = await coordinator.ScalarAsync(
            "SELECT topology = $1 FROM drover.coordinator_identity",
            [id],
            cancellationToken
        );
        if (same is not true)
        {
            throw new OperationException(
                $"coordinator {servers.Database.Coordinator} is another sharded database's: give each its own",
                OperationOutcome.Refused
            );
        }
    }

    private static async Task ClearAsync(NpgsqlConnection coordinator, CancellationToken cancellationToken)
    {
        List<string> drops = await coordinator.ListAsync(
            $"""
            SELECT format('DROP SERVER %I CASCADE', srvname) FROM pg_foreign_server WHERE srvname ~ '^drover_shard_'
            UNION ALL
            SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
            WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'drover')
            """,
            [],
            row => row.GetString(0),
            cancellationToken
        );
        foreach (string drop in drops)
        {
            await coordinator.ExecuteAsync(drop, [], cancellationToken);
        }
    }

    private async Task AddServersAsync(
        NpgsqlConnection coordinator,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        await coordinator.ExecuteAsync(
            $"CREATE SCHEMA {ChildSchema}; CREATE EXTENSION IF NOT EXISTS postgres_fdw SCHEMA drover",
            [],
            cancellationToken
        );
        foreach (Shard shard in map.Shards)
        {
            NpgsqlConnectionStringBuilder target = servers.Target(shard);
            // Rows are fetched in large lots; which plan is best is asked of the shard, which has the statistics.
            string create = $"""
                CREATE SERVER drover_shard_{shard.Number} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (
                    host {Literal(target.Host)}, port '{target.Port}', dbname {Literal(target.Database)},
                    fetch_size '10000', async_capable 'true', use_remote_estimate 'true', application_name 'drover')
                """;
            string password = string.IsNullOrEmpty(target.Password)
                ? "password_required 'false'"
                : $"password {Literal(target.Password)}";
            string mapping = $"""
                CREATE USER MAPPING FOR PUBLIC SERVER drover_shard_{shard.Number}
                OPTIONS (user {Literal(target.Username)}, {password})
                """;
            await coordinator.ExecuteAsync(create, [], cancellationToken);
            await coordinator.ExecuteAsync(mapping, [], cancellationToken);
        }
    }

    private static async Task<List<(string, string)>> TablesAsync(
        NpgsqlConnection home,
        TopologySnapshot map,
        CancellationToken cancellationToken
    )
    {
        List<(string Name, string Create, TableName Table, string Number)> tables = await home.ListAsync(
            SchemaQueries.Tables,
            [],
            row =>
                (
                    row.GetString(0),
                    row.GetString(1),
                    new TableName(row.GetString(2), row.GetString(3)),
                    row.GetString(4)
                ),
            cancellationToken
        );
        List<(string, string)> statements = [];
        foreach ((string name, string create, TableName table, string number) in tables)
        {
            statements.Add((name, create));
            foreach (Shard shard in map.Tables.ContainsKey(table) ? [.. map.Shards] : (Shard[])[map.Home])
            {
                statements.Add(
                    (
                        name,
                        $"""
                        CREATE FOREIGN TABLE {ChildSchema}.t{number}_{shard.Number} ()
                        INHERITS ({Identifier(table.Schema)}.{Identifier(
                            table.Name
                        )}) SERVER drover_shard_{shard.Number}
                        OPTIONS (schema_name {Literal(table.Schema)}, table_name {Literal(table.Name)})
                        """
                    )
                );
            }
        }
        return statements;
    }

    /// <summary>Runs statements in whatever order they can be run in; what never can is a problem.</summary>
    private static async Task<int> RunAsync(
        NpgsqlConnection coordinator,
        List<(string Name, string Statement)> statements,
        List<string> problems,
        CancellationToken cancellationToken
    )
    {
        int made = 0;
        while (statements.Count > 0)
        {
            List<(string Name, string Statement)> failed = [];
            List<string> reasons = [];
            foreach ((string name, string statement) in statements)
            {
                await coordinator.ExecuteAsync("SAVEPOINT one", [], cancellationToken);
                try
                {
                    await coordinator.ExecuteAsync(statement, [], cancellationToken);
                    await coordinator.ExecuteAsync("RELEASE one", [], cancellationToken);
                    made++;
                }
                catch (PostgresException refused)
                {
                    await coordinator.ExecuteAsync("ROLLBACK TO one", [], cancellationToken);
                    failed.Add((name, statement));
                    reasons.Add($"{name}: {refused.MessageText}");
                }
            }
            if (failed.Count == statements.Count)
            {
                problems.AddRange(reasons);
                break;
            }
            statements = failed;
        }
        return made;
    }

    private static string Literal(string? value) => $"'{(value ?? "").Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
