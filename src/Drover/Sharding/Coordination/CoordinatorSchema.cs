// Keeps the coordinator in step: a database in which every table of the shards is a foreign table.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Sharding.Catalog;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Coordination;

/// <summary>What making the coordinator's schema came to.</summary>
/// <param name="Statements">How many were run.</param>
/// <param name="IsUnchanged">It was what the shards are already.</param>
/// <param name="Problems">What could not be made there, and why: queries that need it fail there.</param>
internal sealed record CoordinatorReport(int Statements, bool IsUnchanged, IReadOnlyList<string> Problems);

/// <summary>
/// In the coordinator PostgreSQL itself plans what one shard cannot answer: a sharded table is an empty parent with one
/// foreign table for each shard below it, any other table one with a single child. It is made anew in one transaction,
/// so that a query sees the old one or the new one.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/postgres-fdw.html</remarks>
internal sealed class CoordinatorSchema(ShardServers servers)
{
    /// <summary>Two that make it at once would wait for each other's locks. Any number will do.</summary>
    private const long MakerLock = 7205001;

    /// <summary>Longest wait for one lock, which a query of the coordinator may have.</summary>
    private const string LockTimeout = "SET LOCAL lock_timeout = '10s'";

    /// <summary>Makes it what the home shard and the catalog's map say.</summary>
    /// <param name="isForced">Makes it anew even if it was made of the same already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationException">
    /// The database is used for something else, lacks postgres_fdw, or sorts otherwise than the shards.
    /// </exception>
    public async Task<CoordinatorReport> SyncAsync(bool isForced, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection catalog = await servers.Catalog.OpenAsync(cancellationToken);
        Guid id = (Guid)(await catalog.ScalarAsync("SELECT id FROM drover.topology", [], cancellationToken))!;
        await using NpgsqlConnection coordinator = await servers.OpenCoordinatorAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await coordinator.BeginTransactionAsync(cancellationToken);
        await coordinator.ExecuteAsync(LockTimeout, [], cancellationToken);
        await coordinator.ExecuteAsync("SELECT pg_advisory_xact_lock($1)", [MakerLock], cancellationToken);
        // Behind the lock: who waited for it must not go back to a map that was.
        TopologySnapshot map = await TopologyReader.ReadAsync(catalog, cancellationToken);
        await ClaimAsync(coordinator, id, cancellationToken);
        // Before the shards are read: a change that comes in between is counted, and not noted as made.
        (long changes, byte[]? last) = await CoordinatorStep.ReadAsync(coordinator, cancellationToken);
        SchemaScript script = await SchemaScript.ReadAsync(servers, map, cancellationToken);
        bool isUnchanged = !isForced && last is not null && script.Fingerprint.AsSpan().SequenceEqual(last);
        List<string> problems = [];
        int made = 0;
        if (!isUnchanged)
        {
            await servers.CheckCollationsAsync(coordinator, map, cancellationToken);
            await coordinator.ExecuteAsync("SET LOCAL check_function_bodies = off", [], cancellationToken);
            await ClearAsync(coordinator, cancellationToken);
            await AddServersAsync(coordinator, map, cancellationToken);
            foreach (IReadOnlyList<SchemaStatement> part in script.Parts)
            {
                made += await RunAsync(coordinator, part, problems, cancellationToken);
            }
        }
        await CoordinatorStep.NoteAsync(coordinator, changes, map.Epoch, script.Fingerprint, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CoordinatorReport(made, isUnchanged, problems);
    }

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
        await CoordinatorStep.EnsureAsync(coordinator, cancellationToken);
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
            $"CREATE SCHEMA {SchemaScript.ChildSchema}; CREATE EXTENSION IF NOT EXISTS postgres_fdw SCHEMA drover",
            [],
            cancellationToken
        );
        foreach (Shard shard in map.Shards)
        {
            NpgsqlConnectionStringBuilder target = servers.Target(shard);
            // Rows are fetched in large lots; which plan is best is asked of the shard, which has the statistics.
            string create = $"""
                CREATE SERVER drover_shard_{shard.Number} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (
                    host {SchemaScript.Literal(target.Host)}, port '{target.Port}', dbname {SchemaScript.Literal(
                    target.Database
                )},
                    fetch_size '10000', async_capable 'true', use_remote_estimate 'true', application_name 'drover')
                """;
            string password = string.IsNullOrEmpty(target.Password)
                ? "password_required 'false'"
                : $"password {SchemaScript.Literal(target.Password)}";
            string mapping = $"""
                CREATE USER MAPPING FOR PUBLIC SERVER drover_shard_{shard.Number}
                OPTIONS (user {SchemaScript.Literal(target.Username)}, {password})
                """;
            await coordinator.ExecuteAsync(create, [], cancellationToken);
            await coordinator.ExecuteAsync(mapping, [], cancellationToken);
        }
    }

    /// <summary>Runs statements in whatever order they can be run in; what never can is a problem.</summary>
    private static async Task<int> RunAsync(
        NpgsqlConnection coordinator,
        IReadOnlyList<SchemaStatement> statements,
        List<string> problems,
        CancellationToken cancellationToken
    )
    {
        int made = 0;
        while (statements.Count > 0)
        {
            List<(SchemaStatement Statement, string Reason)> failed = [];
            foreach (SchemaStatement statement in statements)
            {
                string? reason = await TryAsync(coordinator, statement.Sql, cancellationToken);
                made += reason is null ? 1 : 0;
                if (reason is not null)
                {
                    failed.Add((statement, reason));
                }
            }
            if (failed.Count == statements.Count)
            {
                await GiveUpAsync(coordinator, failed, problems, cancellationToken);
                break;
            }
            statements = [.. failed.Select(static one => one.Statement)];
        }
        return made;
    }

    /// <summary>What may not be seen by everybody must not be there if that cannot be said.</summary>
    private static async Task GiveUpAsync(
        NpgsqlConnection coordinator,
        List<(SchemaStatement Statement, string Reason)> failed,
        List<string> problems,
        CancellationToken cancellationToken
    )
    {
        foreach ((SchemaStatement statement, string reason) in failed)
        {
            problems.Add($"{statement.Name}: {reason}");
            if (statement.Otherwise is { } drop)
            {
                await TryAsync(coordinator, drop, cancellationToken);
            }
        }
    }

    /// <summary>Null when it ran; else why not.</summary>
    private static async Task<string?> TryAsync(
        NpgsqlConnection coordinator,
        string statement,
        CancellationToken cancellationToken
    )
    {
        await coordinator.ExecuteAsync("SAVEPOINT one", [], cancellationToken);
        try
        {
            await coordinator.ExecuteAsync(statement, [], cancellationToken);
            await coordinator.ExecuteAsync("RELEASE one", [], cancellationToken);
            return null;
        }
        catch (PostgresException refused)
            when (refused is { InvariantSeverity: "ERROR", SqlState: not PostgresErrorCodes.LockNotAvailable })
        {
            await coordinator.ExecuteAsync("ROLLBACK TO one", [], cancellationToken);
            return refused.MessageText;
        }
    }
}
