// Runs statements that cannot be in a transaction: journaled before, checked after, cleaned up before a new attempt.
using System.Data;
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>
/// The worker's lock stands in for the epoch's row lock while a statement runs: nobody else can work on the target
/// before this session is gone.
/// </summary>
internal static class AutocommitRunner
{
    /// <summary>Runs all statements of the step. False: somebody asked for something.</summary>
    public static async Task<bool> RunAsync(
        RunScope scope,
        PlanStep step,
        IAutocommitStep? code,
        CancellationToken stop
    )
    {
        if (code is null && await StepRunners.IsDoneAsync(scope.Connection, step.DoneWhen, stop))
        {
            await StepJournal.CompleteAsync(scope.Connection, scope.Lease.RunId, step.Name, stop);
            return true;
        }
        IReadOnlyList<AutocommitStatement> statements = code is null
            ? [.. step.Sql.Select(sql => new AutocommitStatement(sql, step.Sql.Count == 1 ? step.DoneWhen : null, []))]
            : await code.ListAsync(scope.Context(step), stop);
        long journaled = await ReadCountAsync(scope, step, stop);
        CancellationToken attention = scope.Pulse.Attention;
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(stop, attention);
        try
        {
            for (int i = 0; i < statements.Count; i++)
            {
                either.Token.ThrowIfCancellationRequested();
                await scope.WaitForThrottleAsync(step, either.Token);
                long began = scope.Time.GetTimestamp();
                await RunStatementAsync(scope, step, statements, i, i < journaled, either.Token);
                if (i < statements.Count - 1)
                {
                    TimeSpan rest = scope.Throttle.RestAfter(scope.Time.GetElapsedTime(began));
                    TimeSpan max = scope.Limits.StatementRestMax;
                    await scope.RestAsync(rest < max ? rest : max, either.Token);
                }
            }
            await StepJournal.CompleteAsync(scope.Connection, scope.Lease.RunId, step.Name, stop);
            return true;
        }
        catch (OperationCanceledException) when (attention.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<long> ReadCountAsync(RunScope scope, PlanStep step, CancellationToken cancellationToken)
    {
        List<StepRow> rows = await StepJournal.ReadAsync(scope.Connection, scope.Lease.RunId, cancellationToken);
        return rows.Single(row => row.Name == step.Name).Batches;
    }

    private static async Task RunStatementAsync(
        RunScope scope,
        PlanStep step,
        IReadOnlyList<AutocommitStatement> statements,
        int index,
        bool isJournaled,
        CancellationToken cancellationToken
    )
    {
        AutocommitStatement statement = statements[index];
        // What can be looked at is looked at; the journal's count is for the rest.
        bool isDone = statement.DoneWhen is null
            ? isJournaled
            : await StepRunners.IsDoneAsync(scope.Connection, statement.DoneWhen, cancellationToken);
        if (isDone && isJournaled)
        {
            return;
        }
        if (!isDone)
        {
            string note = string.Create(CultureInfo.InvariantCulture, $"{index + 1} of {statements.Count}");
            await StepJournal.NoteAsync(scope.Connection, scope.Lease.RunId, step.Name, note, cancellationToken);
            await scope.WriteEventAsync(step, EventRow.Statement, $"{note}: {statement.Sql}", cancellationToken);
            await scope.RetryAsync(
                step,
                _ => AttemptAsync(scope, step, statement, cancellationToken),
                cancellationToken
            );
        }
        double progress = (index + 1.0) / statements.Count;
        BatchResult done = new(0, 0, IsDone: false, progress);
        await StepJournal.AddAsync(scope.Connection, scope.Lease.RunId, step.Name, done, 0, 0, cancellationToken);
    }

    private static async Task AttemptAsync(
        RunScope scope,
        PlanStep step,
        AutocommitStatement statement,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = scope.Connection;
        await CheckEpochAsync(scope, cancellationToken);
        if (await StepRunners.IsDoneAsync(connection, statement.DoneWhen, cancellationToken))
        {
            return;
        }
        await SetLimitsAsync(
            connection,
            SessionLimits.Milliseconds(step.LockTimeout ?? scope.LockTimeout),
            SessionLimits.Milliseconds(step.TimeLimit),
            cancellationToken
        );
        try
        {
            foreach (string sql in statement.CleanUp)
            {
                await connection.ExecuteAsync(sql, [], cancellationToken);
            }
            await connection.ExecuteAsync(statement.Sql, [], cancellationToken);
        }
        finally
        {
            // They are the session's, which the journal and all later steps use too.
            if (connection.State == ConnectionState.Open)
            {
                await SetLimitsAsync(connection, "0", "0", CancellationToken.None);
            }
        }
        if (
            statement.DoneWhen is not null
            && !await StepRunners.IsDoneAsync(connection, statement.DoneWhen, cancellationToken)
        )
        {
            throw new OperationException($"step {step.Name}: the statement ran without an error and is not done");
        }
    }

    private static async Task CheckEpochAsync(RunScope scope, CancellationToken cancellationToken)
    {
        object? same = await scope.Connection.ScalarAsync(
            "SELECT epoch = $2 FROM drover.runs WHERE id = $1",
            [scope.Lease.RunId, scope.Lease.Epoch],
            cancellationToken
        );
        if (same is not true)
        {
            throw RunJournal.TakenOver(scope.Lease.RunId);
        }
    }

    private static Task<int> SetLimitsAsync(
        NpgsqlConnection connection,
        string lockTimeout,
        string statementTimeout,
        CancellationToken cancellationToken
    ) =>
        connection.ExecuteAsync(
            "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false)",
            [lockTimeout, statementTimeout],
            cancellationToken
        );
}
