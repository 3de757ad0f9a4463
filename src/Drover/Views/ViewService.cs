// The verbs of materialized views, and what the scheduler does with them.
using System.Diagnostics;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Running;
using Npgsql;

namespace Drover.Views;

/// <summary>What became of a refresh.</summary>
/// <param name="Name">The view.</param>
/// <param name="IsRemade">It was made anew, since what it reads has changed.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Problem">Why it failed, without values of rows; null if it did not.</param>
internal sealed record RefreshOutcome(ViewName Name, bool IsRemade, TimeSpan Duration, string? Problem);

/// <summary>
/// On one session of the view's own database. Only one refresh of a database runs at a time, whoever asks for it.
/// </summary>
internal sealed class ViewService(NpgsqlConnection connection, TimeProvider time)
{
    /// <summary>The name of the sessions, for those who look who works on their server.</summary>
    public const string ApplicationName = "drover view";

    private const string Purpose = "views";
    private const string Target = "refresh";

    /// <summary>All views that are kept.</summary>
    public Task<IReadOnlyList<ManagedView>> ListAsync(CancellationToken cancellationToken) =>
        ViewStore.ListAsync(connection, cancellationToken);

    /// <summary>Makes a view, with its rows and its unique index, and keeps it from then on.</summary>
    /// <param name="name">With or without schema.</param>
    /// <param name="file">The query.</param>
    /// <param name="unique">Columns that tell its rows apart.</param>
    /// <param name="interval">How old its rows may become.</param>
    /// <param name="cancellationToken">Ends it, and nothing is there.</param>
    /// <exception cref="OperationException">It cannot be made; the message says why.</exception>
    public async Task<ManagedView> CreateAsync(
        string name,
        string file,
        IReadOnlyList<string> unique,
        TimeSpan interval,
        CancellationToken cancellationToken
    )
    {
        await RefuseStandbyAsync(cancellationToken);
        string sql = ViewText.Read(file);
        ViewName view =
            await ViewCatalog.NameAsync(connection, name, cancellationToken)
            ?? throw new OperationException($"'{name}' is no name in a schema that exists", OperationOutcome.Usage);
        if (await ViewCatalog.KindAsync(connection, view, cancellationToken) is not null)
        {
            throw new OperationException(
                $"{view} exists: choose another name, or drop it first",
                OperationOutcome.Refused
            );
        }
        await connection.ExecuteAsync("RESET search_path", [], cancellationToken);
        string path = (string)(await connection.ScalarAsync("SHOW search_path", [], cancellationToken))!;
        await connection.ExecuteAsync("SET search_path = ''", [], cancellationToken);
        DateTimeOffset began = await NowAsync(cancellationToken);
        long start = Stopwatch.GetTimestamp();
        ManagedView made = new()
        {
            Name = view,
            Sql = sql,
            SearchPath = path,
            Unique = unique,
            Interval = interval,
            State = new RefreshState(began, TimeSpan.Zero, null, 0, null),
        };
        await InTransactionAsync(
            async () =>
            {
                await ViewStore.EnsureAsync(connection, cancellationToken);
                await ViewStore.RemoveAsync(connection, view, cancellationToken);
                await ViewBuilder.MakeAsync(connection, view, made, cancellationToken);
                made = made with
                {
                    Signature = await ViewCatalog.SignatureAsync(connection, view.Quoted, cancellationToken),
                    State = made.State with { Duration = Stopwatch.GetElapsedTime(start) },
                };
                await ViewStore.AddAsync(connection, made, cancellationToken);
            },
            cancellationToken
        );
        return made;
    }

    /// <summary>Changes when a view is refreshed.</summary>
    public async Task<ManagedView> SetAsync(
        string name,
        TimeSpan? interval,
        bool? isEnabled,
        CancellationToken cancellationToken
    )
    {
        ManagedView view = await FindAsync(name, cancellationToken);
        view = view with { Interval = interval ?? view.Interval, IsEnabled = isEnabled ?? view.IsEnabled };
        await ViewStore.SetAsync(connection, view, cancellationToken);
        return view;
    }

    /// <summary>Drops a view, and keeps it no more.</summary>
    /// <exception cref="OperationException">Something depends on it.</exception>
    public async Task<ManagedView> DropAsync(string name, CancellationToken cancellationToken)
    {
        await RefuseStandbyAsync(cancellationToken);
        ManagedView view = await FindAsync(name, cancellationToken);
        try
        {
            await InTransactionAsync(
                async () =>
                {
                    await connection.ExecuteAsync("SET LOCAL lock_timeout = '10s'", [], cancellationToken);
                    string drop = $"DROP MATERIALIZED VIEW IF EXISTS {view.Name.Quoted}";
                    await connection.ExecuteAsync(drop, [], cancellationToken);
                    await ViewStore.RemoveAsync(connection, view.Name, cancellationToken);
                },
                cancellationToken
            );
        }
        catch (PostgresException bound) when (bound.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            string dependents = await ViewCatalog.DependentsAsync(connection, view.Name, CancellationToken.None);
            throw new OperationException(
                $"{view.Name} is not dropped while {dependents} depends on it: drop that first",
                bound,
                OperationOutcome.Refused
            );
        }
        return view;
    }

    /// <summary>Refreshes a view now, after the one that runs, if one does.</summary>
    /// <exception cref="OperationException">It failed, or another refresh did not end.</exception>
    public async Task<RefreshOutcome> RefreshAsync(
        string name,
        TimeSpan patience,
        bool mayRemake,
        CancellationToken cancellationToken
    )
    {
        await RefuseStandbyAsync(cancellationToken);
        ManagedView view = await FindAsync(name, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        while (!await TryBeginAsync(cancellationToken))
        {
            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                throw new OperationException(
                    "another refresh of this server runs: one at a time is enough for it. Try again when it has ended"
                );
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
        try
        {
            return await RefreshAsync(view, mayRemake, cancellationToken);
        }
        finally
        {
            await EndAsync();
        }
    }

    /// <summary>
    /// Refreshes, one behind the other, what is due: a view behind those that it reads. Nothing on a standby, and
    /// nothing while another refresh of the server runs.
    /// </summary>
    public async Task<IReadOnlyList<RefreshOutcome>> RefreshDueAsync(CancellationToken cancellationToken)
    {
        List<RefreshOutcome> outcomes = [];
        IReadOnlyList<ManagedView> due = await DueAsync(cancellationToken);
        if (due.Count == 0 || !await TryBeginAsync(cancellationToken))
        {
            return outcomes;
        }
        try
        {
            // Somebody else may have done it meanwhile.
            due = await DueAsync(cancellationToken);
            List<(ViewName Reader, ViewName Read)> reads = await ViewCatalog.ReadsAsync(connection, cancellationToken);
            foreach (ManagedView view in RefreshOrder.Sort(due, reads))
            {
                outcomes.Add(await RefreshAsync(view, mayRemake: false, cancellationToken));
            }
        }
        finally
        {
            await EndAsync();
        }
        return outcomes;
    }

    /// <summary>The server's own clock, by which refreshes are noted.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken) =>
        new(
            (DateTime)(await connection.ScalarAsync("SELECT pg_catalog.clock_timestamp()", [], cancellationToken))!,
            TimeSpan.Zero
        );

    private async Task<IReadOnlyList<ManagedView>> DueAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ManagedView> views = await ListAsync(cancellationToken);
        if (views.Count == 0 || await ViewCatalog.IsStandbyAsync(connection, cancellationToken))
        {
            return [];
        }
        DateTimeOffset now = await NowAsync(cancellationToken);
        return [.. views.Where(view => view.IsEnabled && RefreshSchedule.NextAt(view) <= now)];
    }

    private async Task<RefreshOutcome> RefreshAsync(
        ManagedView view,
        bool mayRemake,
        CancellationToken cancellationToken
    )
    {
        DateTimeOffset began = await NowAsync(cancellationToken);
        long start = Stopwatch.GetTimestamp();
        bool isRemade = false;
        try
        {
            if (await ViewStore.OtherOwnerAsync(connection, cancellationToken) is { } other)
            {
                throw new OperationException(
                    $"drover.views belongs to {other}, who could have it run anything: refresh as that role"
                );
            }
            isRemade = await HasChangedAsync(view, mayRemake, cancellationToken);
            if (isRemade)
            {
                await ViewBuilder.RemakeAsync(connection, view, time, cancellationToken);
            }
            else
            {
                string refresh = $"REFRESH MATERIALIZED VIEW CONCURRENTLY {view.Name.Quoted}";
                await connection.ExecuteAsync(refresh, [], cancellationToken);
            }
            string signature = await ViewCatalog.SignatureAsync(connection, view.Name.Quoted, cancellationToken);
            TimeSpan duration = Stopwatch.GetElapsedTime(start);
            await ViewStore.NoteAsync(connection, view.Name, signature, began, duration, cancellationToken);
            return new RefreshOutcome(view.Name, isRemade, duration, null);
        }
        catch (Exception failure) when (failure is OperationException or PostgresException)
        {
            string problem = failure is PostgresException error ? Tell(error) : failure.Message;
            await connection.ExecuteAsync("ROLLBACK", [], cancellationToken);
            await connection.ExecuteAsync("SET search_path = ''", [], cancellationToken);
            await ViewStore.NoteFailureAsync(connection, view.Name, problem, cancellationToken);
            return new RefreshOutcome(view.Name, isRemade, Stopwatch.GetElapsedTime(start), problem);
        }
    }

    /// <summary>
    /// Whether the query would give other columns than the view has, or reads other relations; then it is made anew.
    /// </summary>
    private async Task<bool> HasChangedAsync(ManagedView view, bool mayRemake, CancellationToken cancellationToken)
    {
        string quoted = view.Name.Quoted;
        bool isThere = await ViewCatalog.KindAsync(connection, view.Name, cancellationToken) is not null;
        if (isThere && await ViewCatalog.SignatureAsync(connection, quoted, cancellationToken) == view.Signature)
        {
            return false;
        }
        // What a view of the same query would be now, and nobody ever sees. Nothing of the query runs.
        const string Probe = "pg_temp.drover_view_probe";
        string sql = ViewText.Read(view.Sql);
        await connection.ExecuteAsync("BEGIN", [], cancellationToken);
        await connection.ExecuteAsync(
            "SELECT pg_catalog.set_config('search_path', $1, true)",
            [view.SearchPath],
            cancellationToken
        );
        await connection.ExecuteAsync($"CREATE TEMPORARY VIEW drover_view_probe AS\n{sql}", [], cancellationToken);
        await connection.ExecuteAsync("SET LOCAL search_path = ''", [], cancellationToken);
        bool isSame =
            isThere
            && await ViewCatalog.SignatureAsync(connection, Probe, cancellationToken)
                == await ViewCatalog.SignatureAsync(connection, quoted, cancellationToken)
            && (await ViewCatalog.ColumnsAsync(connection, Probe, cancellationToken)).SequenceEqual(
                await ViewCatalog.ColumnsAsync(connection, quoted, cancellationToken)
            );
        List<string> owners = await ViewCatalog.OwnersAsync(connection, Probe, cancellationToken);
        await connection.ExecuteAsync("ROLLBACK", [], cancellationToken);
        if (!isSame && owners.Count > 0 && !mayRemake)
        {
            throw new OperationException(
                $"what {view.Name} reads has changed, and belongs to {string.Join(", ", owners)}: made anew it would "
                    + "run as this role what they have put there. Look at it, then: drover view refresh NAME --remake"
            );
        }
        return !isSame;
    }

    /// <summary>What the server said; of an error about data only its code, as the message may have a value.</summary>
    private static string Tell(PostgresException error) =>
        error.SqlState.StartsWith("22", StringComparison.Ordinal)
        || error.SqlState.StartsWith("23", StringComparison.Ordinal)
        || error.SqlState.StartsWith("P0", StringComparison.Ordinal)
            ? $"the query fails with SQLSTATE {error.SqlState}: run it to see why"
            : error.MessageText;

    private async Task<ManagedView> FindAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<ManagedView> views = await ListAsync(cancellationToken);
        ViewName? meant = await ViewCatalog.NameAsync(connection, name, cancellationToken);
        return views.FirstOrDefault(view => view.Name == meant)
            ?? throw new OperationException(
                views.Count == 0
                    ? $"no view is kept in this database, and none is named '{name}': drover view create"
                    : $"'{name}' is no view that is kept: there are {string.Join(", ", views.Select(v => v.Name))}",
                OperationOutcome.Usage
            );
    }

    private async Task RefuseStandbyAsync(CancellationToken cancellationToken)
    {
        if (await ViewCatalog.IsStandbyAsync(connection, cancellationToken))
        {
            throw new OperationException(
                "this server is a standby: views are made and refreshed on its primary",
                OperationOutcome.Refused
            );
        }
    }

    /// <summary>
    /// One refresh at a time in this database by a lock, and in the others of the server as far as they can be seen.
    /// </summary>
    private async Task<bool> TryBeginAsync(CancellationToken cancellationToken)
    {
        if (!await AdvisoryLocks.TryTakeAsync(connection, Purpose, Target, cancellationToken))
        {
            return false;
        }
        object? busy = await connection.ScalarAsync(
            """
            SELECT 1 FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND state = 'active'
                AND pid <> pg_catalog.pg_backend_pid() AND query LIKE 'REFRESH MATERIALIZED VIEW%' LIMIT 1
            """,
            [ApplicationName],
            cancellationToken
        );
        if (busy is null)
        {
            return true;
        }
        await EndAsync();
        return false;
    }

    private async Task EndAsync()
    {
        if (connection.FullState == System.Data.ConnectionState.Open)
        {
            await AdvisoryLocks.ReleaseAsync(connection, Purpose, Target, TimeSpan.FromSeconds(5));
        }
    }

    private async Task InTransactionAsync(Func<Task> work, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync("BEGIN", [], cancellationToken);
        try
        {
            await work();
            await connection.ExecuteAsync("COMMIT", [], cancellationToken);
        }
        catch
        {
            if (connection.FullState == System.Data.ConnectionState.Open)
            {
                await connection.ExecuteAsync("ROLLBACK", [], CancellationToken.None);
            }
            throw;
        }
    }
}
