// A transaction of a step: it begins by proving that the run is still ours, and carries the journal's row with it.
using System.Data;
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>
/// Begins with two row locks. On the run, FOR KEY SHARE: who takes over waits for it with FOR UPDATE, while the pulse
/// may go on. On the step, FOR UPDATE: after a lost answer to COMMIT, the transaction of old is waited for, and then
/// the row tells whether it happened.
/// </summary>
internal sealed class StepTransaction : IAsyncDisposable
{
    private readonly NpgsqlTransaction _transaction;

    private StepTransaction(NpgsqlTransaction transaction, StepRow row)
    {
        _transaction = transaction;
        Row = row;
    }

    /// <summary>The step in the journal when the transaction began.</summary>
    public StepRow Row { get; }

    /// <summary>Begins.</summary>
    /// <exception cref="OperationException">Another runner has a later epoch.</exception>
    public static async Task<StepTransaction> BeginAsync(
        RunScope scope,
        PlanStep step,
        IsolationLevel isolation,
        CancellationToken cancellationToken
    )
    {
        NpgsqlConnection connection = scope.Connection;
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(isolation, cancellationToken);
        try
        {
            await using NpgsqlBatch batch = new(connection);
            Add(
                batch,
                "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)",
                SessionLimits.Milliseconds(step.LockTimeout ?? scope.LockTimeout),
                SessionLimits.Milliseconds(step.TimeLimit)
            );
            Add(
                batch,
                "SELECT FROM drover.runs WHERE id = $1 AND epoch = $2 FOR KEY SHARE",
                scope.Lease.RunId,
                scope.Lease.Epoch
            );
            Add(
                batch,
                $"SELECT {StepRow.Columns} FROM drover.steps WHERE run_id = $1 AND name = $2 FOR UPDATE",
                scope.Lease.RunId,
                step.Name
            );
            return new StepTransaction(transaction, await ReadAsync(batch, scope, step, cancellationToken));
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Commits. The token of a pause is not passed: an answer that is on its way is worth waiting for.
    /// </summary>
    public Task CommitAsync() => _transaction.CommitAsync(CancellationToken.None);

    /// <summary>Rolls back what is not committed.</summary>
    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    private static async Task<StepRow> ReadAsync(
        NpgsqlBatch batch,
        RunScope scope,
        PlanStep step,
        CancellationToken cancellationToken
    )
    {
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!reader.HasRows)
        {
            throw RunJournal.TakenOver(scope.Lease.RunId);
        }
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? StepRow.Read(reader)
            : throw new OperationException($"step {step.Name} is not in the journal of run {scope.Lease.RunId}");
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        NpgsqlBatchCommand command = new(sql);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }
        batch.BatchCommands.Add(command);
    }
}
