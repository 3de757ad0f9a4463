// Finds out, while an attempt waits for locks, whose they are; the failed attempt itself cannot say.
using System.Globalization;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Npgsql;

namespace Drover.Operations.Running;

/// <summary>What was waited for, for the journal's events. Never a query's text: it may hold values.</summary>
internal sealed class BlockerWatch(RunScope scope)
{
    private const string Sql = """
        SELECT DISTINCT a.pid, coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown'),
            coalesce(a.state, 'at work'), a.backend_type, extract(epoch FROM clock_timestamp() - a.xact_start)::float8
        FROM unnest(pg_blocking_pids($1)) AS b (pid)
        LEFT JOIN pg_stat_activity a ON a.pid = b.pid
        LIMIT 5
        """;

    /// <summary>Who was in the way of the last attempt, as far as could be seen.</summary>
    public string Blockers => _blockers ?? "nobody who could be seen";

    private string? _blockers;
    private string? _reported;

    /// <summary>Runs the attempt, and looks once, when it has waited for most of its lock_timeout.</summary>
    public async Task WatchAsync(PlanStep step, Func<Task> attempt, CancellationToken cancellationToken)
    {
        _blockers = null;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watch = LookAsync((step.LockTimeout ?? scope.LockTimeout) * 0.6, over.Token);
        try
        {
            await attempt();
        }
        finally
        {
            await over.CancelAsync();
            await watch;
        }
    }

    /// <summary>Journals a failed attempt, unless the last line said the same.</summary>
    public async Task ReportAsync(
        PlanStep step,
        int attempt,
        Exception failure,
        TimeSpan pause,
        CancellationToken cancellationToken
    )
    {
        string reason = failure is PostgresException server ? server.MessageText : "its time limit passed";
        string who = Blockers;
        string key = reason + who[..Math.Min(who.Length, 12)];
        // Each attempt for the first few; then one in ten, so that a long wait does not fill the journal.
        if (key != _reported || attempt <= 3 || attempt % 10 == 0)
        {
            _reported = key;
            string text = string.Create(
                CultureInfo.InvariantCulture,
                $"attempt {attempt}: {reason}; in the way: {who}; next in {pause.TotalSeconds:0.0} s"
            );
            await scope.WriteEventAsync(step, "lock-wait", text, cancellationToken);
        }
    }

    private async Task LookAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay > TimeSpan.Zero ? delay : TimeSpan.FromSeconds(2), scope.Time, cancellationToken);
            // Not cancelled once it is asked: a cancelled query could cost the lease its session.
            List<string>? found = await scope.Pulse.AskAsync(
                connection => connection.ListAsync(Sql, [scope.Worker.ProcessId], Describe, CancellationToken.None),
                cancellationToken
            );
            _blockers = found is { Count: > 0 } ? string.Join(", ", found) : null;
        }
        catch (OperationCanceledException)
        {
            // The attempt is over.
        }
    }

    private static string Describe(NpgsqlDataReader row)
    {
        if (row.IsDBNull(0))
        {
            return "a prepared transaction (see pg_prepared_xacts)";
        }
        string age = row.IsDBNull(4)
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", transaction {row.GetDouble(4):0} s old");
        return $"session {row.GetInt32(0)} ({row.GetString(1)}, {row.GetString(2)}{age})";
    }
}
