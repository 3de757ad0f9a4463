// Builds an index beside the traffic, and leaves nothing half done behind.
using Drover.Advice.Indexes;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.Advice.Building;

/// <summary>How long to wait for others.</summary>
/// <param name="LockTimeout">In each wait of CREATE INDEX CONCURRENTLY, which blocks no reader or writer.</param>
/// <param name="Attempts">Builds at the most, where waits were too long.</param>
internal sealed record BuildLimits(TimeSpan LockTimeout, int Attempts);

/// <summary>
/// CREATE INDEX CONCURRENTLY, with what it leaves to its user: the invalid index of a failed build is dropped, after a
/// failure, a Ctrl-C or, by the next run, a kill (https://www.postgresql.org/docs/18/sql-createindex.html). One at a
/// time per index, by an advisory lock.
/// </summary>
/// <param name="access">The database.</param>
/// <param name="report">Is told what happens.</param>
/// <param name="limits">How long to wait.</param>
/// <param name="time">The clock.</param>
internal sealed class IndexBuilder(ServerAccess access, IIndexReport report, BuildLimits limits, TimeProvider time)
{
    private const string State = """
        SELECT i.indisvalid AND i.indisready, i.indrelid = pg_catalog.to_regclass($2),
               EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.datname = current_database()
                       AND (p.index_relid = i.indexrelid OR p.relid IS NULL)),
               NOT i.indisunique, regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), '^.*? USING btree ', ''),
               c.relkind = 'I'
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
        WHERE i.indexrelid = pg_catalog.to_regclass($1)
        """;

    private const string Drop = "DROP INDEX CONCURRENTLY";

    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_cleanup = TimeSpan.FromSeconds(20);

    /// <summary>Builds it; of a partitioned table, in each partition first.</summary>
    /// <exception cref="OperationException">It is not built, and why.</exception>
    public async Task BuildAsync(IndexOrder order, CancellationToken cancellation)
    {
        await using NpgsqlConnection guard = await access.OpenAsync(cancellation);
        bool isOurs =
            await guard.ScalarAsync(
                "SELECT pg_try_advisory_lock(hashtextextended('drover index ' || $1, 0))",
                [order.FullName],
                cancellation
            )
            is true;
        if (!isOurs)
        {
            throw new OperationException(
                $"{order.FullName} is being built by another drover: wait for it",
                OperationOutcome.Refused
            );
        }
        if (order.IsPartitioned)
        {
            await new PartitionedIndex(access, this, report, time).BuildAsync(guard, order, cancellation);
            return;
        }
        if (await BuildOneAsync(guard, order, cancellation))
        {
            await NoteAsync(guard, order, cancellation);
        }
    }

    /// <summary>Builds an index of one ordinary table; false where it is there.</summary>
    public async Task<bool> BuildOneAsync(NpgsqlConnection guard, IndexOrder order, CancellationToken cancellation)
    {
        if (await IsThereAsync(guard, order, cancellation))
        {
            report.Say($"{order.FullName} is there already");
            return false;
        }
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await CreateAsync(order, cancellation);
                return true;
            }
            catch (Exception failure)
            {
                bool isGone = await CleanUpAsync(order);
                bool isAgain =
                    isGone
                    && !cancellation.IsCancellationRequested
                    && attempt < limits.Attempts
                    && ServerFailure.KindOf(failure) == FailureKind.Contention;
                if (!isAgain)
                {
                    cancellation.ThrowIfCancellationRequested();
                    throw;
                }
                report.Say($"{order.FullName}: {failure.Message}; again ({attempt + 1} of {limits.Attempts})");
                await Task.Delay(s_look * attempt, time, cancellation);
            }
        }
    }

    /// <summary>So that the advice does not call it unused before it could be used; it is built all the same.</summary>
    private async Task NoteAsync(NpgsqlConnection guard, IndexOrder order, CancellationToken cancellation)
    {
        try
        {
            await BuiltIndexes.AddAsync(guard, order.FullName, cancellation);
        }
        catch (NpgsqlException failure)
        {
            report.Say($"{order.FullName} is built; when is not noted: {failure.Message}");
        }
    }

    /// <summary>
    /// Drops an index beside the traffic; tries again while others hold locks. PostgreSQL first marks it as not valid,
    /// then waits for who may use it: what ends in between is told.
    /// </summary>
    /// <param name="index">Quoted, with its schema.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task DropAsync(string index, CancellationToken cancellation)
    {
        await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
        LockRetry retry = new(new OperationLimits { LockAttemptsMax = limits.Attempts }, time);
        try
        {
            await retry.RunAsync(
                async _ =>
                {
                    await connection.ExecuteAsync(SetTimeout(limits.LockTimeout), [], cancellation);
                    await connection.ExecuteAsync($"DROP INDEX CONCURRENTLY {index}", [], cancellation);
                },
                static (_, _, _) => Task.CompletedTask,
                cancellation
            );
        }
        catch (Exception failure)
        {
            await TellWhatIsLeftAsync(index);
            if (failure is LocksNotHadException busy)
            {
                throw new OperationException(busy.Message, busy);
            }
            throw;
        }
    }

    private async Task TellWhatIsLeftAsync(string index)
    {
        const string IsInvalid =
            "SELECT NOT i.indisvalid FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass($1)";
        using CancellationTokenSource limit = new(s_cleanup / 4, time);
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(limit.Token);
            if (await connection.ScalarAsync(IsInvalid, [index], limit.Token) is true)
            {
                report.Say(
                    $"{index} is left, and no query uses it: DROP INDEX CONCURRENTLY {index} ends what was begun, "
                        + $"REINDEX INDEX CONCURRENTLY {index} has it back"
                );
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or OperationCanceledException)
        {
            report.Say($"{index} may be left, and not valid: {failure.Message}");
        }
    }

    /// <summary>Tries what takes a strong lock for a moment again and again, with a short lock_timeout.</summary>
    public async Task RetryAsync(Func<Task> attempt, CancellationToken cancellation)
    {
        LockRetry retry = new(new OperationLimits(), time);
        try
        {
            await retry.RunAsync(_ => attempt(), static (_, _, _) => Task.CompletedTask, cancellation);
        }
        catch (LocksNotHadException busy)
        {
            throw new OperationException(busy.Message, busy);
        }
    }

    /// <summary>SET lock_timeout.</summary>
    public static string SetTimeout(TimeSpan timeout) => $"SET lock_timeout = {(int)timeout.TotalMilliseconds}";

    private static async Task<IndexState?> StateAsync(
        NpgsqlConnection connection,
        IndexOrder order,
        CancellationToken cancellation
    )
    {
        List<IndexState> found = await connection.ListAsync(
            State,
            [order.FullName, order.Table],
            row => new IndexState(row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2))
            {
                IsUnique = !row.GetBoolean(3),
                IsPartitioned = row.GetBoolean(5),
                IsSame = row.GetBoolean(3) && WithoutParentheses(row.GetString(4)) == order.Body,
                Body = row.GetString(4),
            },
            cancellation
        );
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>The server puts a condition in parentheses, but for a column alone.</summary>
    private static string WithoutParentheses(string body)
    {
        const string Where = " WHERE (";
        int at = body.IndexOf(Where, StringComparison.Ordinal);
        return at < 0 || !body.EndsWith(')')
            ? body
            : $"{body[..(at + Where.Length - 1)]}{body[(at + Where.Length)..^1]}";
    }

    /// <summary>Refuses where the name is another index's, valid or not: what is dropped is the same.</summary>
    /// <exception cref="OperationException">It is, and what to do next.</exception>
    public static async Task RefuseAnotherAsync(
        NpgsqlConnection guard,
        IndexOrder order,
        CancellationToken cancellation
    ) => Refuse(await StateAsync(guard, order, cancellation), order);

    private static void Refuse(IndexState? found, IndexOrder order)
    {
        string? problem = found switch
        {
            { IsOfTable: false } => "is an index of another table",
            { IsBuilding: true } => "is being built by somebody",
            { IsSame: false } other =>
                $"is another index, {(other.IsUnique ? "UNIQUE " : "")}{other.Body} and not {order.Body}"
                    + (other is { IsValid: false, IsPartitioned: false } ? ", and not valid" : ""),
            _ => null,
        };
        if (problem is null)
        {
            return;
        }
        string remedy = found is { IsOfTable: true, IsBuilding: true }
            ? "wait for it"
            : $"ALTER INDEX {order.FullName} RENAME TO …, or {(found!.IsPartitioned ? "DROP INDEX" : Drop)} "
                + $"{order.FullName} if nobody needs it; then the same verb again";
        throw new OperationException($"{order.FullName} {problem}: {remedy}", OperationOutcome.Refused);
    }

    private async Task<bool> IsThereAsync(NpgsqlConnection guard, IndexOrder order, CancellationToken cancellation)
    {
        IndexState? found = await StateAsync(guard, order, cancellation);
        Refuse(found, order);
        if (found is { IsValid: false })
        {
            report.Say($"{order.FullName} is what a build that failed has left: dropped");
            await DropAsync(order.FullName, cancellation);
            return false;
        }
        return found is not null;
    }

    private async Task CreateAsync(IndexOrder order, CancellationToken cancellation)
    {
        await using NpgsqlConnection worker = await access.OpenAsync(cancellation);
        await worker.ExecuteAsync(SetTimeout(limits.LockTimeout), [], cancellation);
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task watch = WatchAsync(worker.ProcessID, order.FullName, done.Token);
        try
        {
            await using NpgsqlCommand create = worker.Command(
                $"CREATE INDEX CONCURRENTLY {order.Name} ON {order.Table} {order.Body}"
            );
            create.CommandTimeout = 0;
            await create.ExecuteNonQueryAsync(cancellation);
        }
        finally
        {
            await done.CancelAsync();
            await watch;
        }
    }

    /// <summary>Reports until it is ended. Without it the build goes on all the same.</summary>
    private async Task WatchAsync(int pid, string index, CancellationToken cancellation)
    {
        try
        {
            await using NpgsqlConnection connection = await access.OpenAsync(cancellation);
            while (true)
            {
                List<BuildProgress> all = await connection.ListAsync(
                    """
                    SELECT phase, CASE WHEN tuples_total > 0 THEN tuples_done::float8 / tuples_total
                                       WHEN blocks_total > 0 THEN blocks_done::float8 / blocks_total
                                       WHEN lockers_total > 0 THEN lockers_done::float8 / lockers_total END,
                           current_locker_pid::int
                    FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1
                    """,
                    [pid],
                    row => new BuildProgress(
                        index,
                        row.GetString(0),
                        row.IsDBNull(1) ? null : row.GetDouble(1),
                        row.IsDBNull(2) ? 0 : row.GetInt32(2)
                    ),
                    cancellation
                );
                all.ForEach(report.Show);
                await Task.Delay(s_look, time, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The build is over.
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException)
        {
            report.Say($"its progress cannot be seen: {failure.Message}");
        }
    }

    /// <summary>
    /// Drops what a failed build left, on a session of its own; the server may need a moment to see that its client is
    /// gone, or to come back.
    /// </summary>
    private async Task<bool> CleanUpAsync(IndexOrder order)
    {
        using CancellationTokenSource limit = new(s_cleanup, time);
        while (true)
        {
            try
            {
                await using NpgsqlConnection connection = await access.OpenAsync(limit.Token);
                IndexState? left = await StateAsync(connection, order, limit.Token);
                if (left is null or { IsValid: true } or { IsOfTable: false } or { IsSame: false })
                {
                    return true;
                }
                if (left is { IsBuilding: false })
                {
                    await connection.ExecuteAsync(SetTimeout(s_look), [], limit.Token);
                    await connection.ExecuteAsync($"DROP INDEX CONCURRENTLY {order.FullName}", [], limit.Token);
                    report.Say($"{order.FullName}, which was not finished, is dropped");
                    return true;
                }
                await Task.Delay(s_look / 4, time, limit.Token);
            }
            catch (OperationCanceledException)
            {
                // DROP INDEX CONCURRENTLY itself waits for whoever writes to the table.
                report.Say($"{order.FullName} is left, and is not valid: {order.Undo}, or the same verb again");
                return false;
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or InvalidOperationException)
            {
                // The server is away, or another holds the table for a moment.
                await Task.Delay(s_look / 4, time, CancellationToken.None);
            }
        }
    }

    /// <summary>An index that has the name.</summary>
    private sealed record IndexState(bool IsValid, bool IsOfTable, bool IsBuilding)
    {
        /// <summary>It is what is to be built.</summary>
        public required bool IsSame { get; init; }

        /// <summary>It enforces uniqueness, which no advised index does.</summary>
        public required bool IsUnique { get; init; }

        /// <summary>It is that of a partitioned table, which cannot be dropped beside the traffic.</summary>
        public required bool IsPartitioned { get; init; }

        /// <summary>What follows its table, as the server tells it.</summary>
        public required string Body { get; init; }
    }
}
