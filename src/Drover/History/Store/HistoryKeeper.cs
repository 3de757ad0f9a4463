// Decides whether and where the samples of one server are kept, and keeps them.
using Drover.Advice.Ages;
using Drover.History.Plans;
using Drover.History.Sampling;
using Drover.Operations.Connections;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Drover.History.Store;

/// <summary>Where a history goes; without a target, why it goes nowhere.</summary>
internal readonly record struct HistoryTarget(NpgsqlConnectionStringBuilder? Target, string Reason);

/// <summary>
/// The history of one server. A database that is away costs the samples of that time and nothing else: none is piled
/// up, and it is tried again with growing pauses. Not safe for several threads, but for the properties.
/// </summary>
internal sealed class HistoryKeeper(
    string server,
    int retentionDays,
    HistoryLimits limits,
    TimeProvider time,
    ILogger logger
) : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);

    private readonly HistoryPartitions _partitions = new(retentionDays, limits, time);
    private readonly Dictionary<long, StatementTotals> _statements = [];
    private readonly Dictionary<string, DatabaseTotals> _databases = [];
    private readonly Dictionary<AccessKey, AccessCounts> _accesses = [];
    private readonly Rest _partitionRest = new(limits.PartitionPeriod, 1, time);
    private readonly Rest _flushRest = new(limits.StatementPeriod, 1, time);
    private string _target = "";
    private NpgsqlConnectionStringBuilder? _place;
    private ServerAccess? _access;
    private HistoryWriter? _writer;
    private volatile HistoryReader? _reader;
    private bool _needsPartitions = true;
    private long _failedAt;
    private TimeSpan _pause;
    private IReadOnlyDictionary<string, long>? _sizes;
    private int _connections;

    /// <summary>What becomes of the samples.</summary>
    public HistoryState State { get; private set; }

    /// <summary>Why they are not kept, and what would help.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>What reads them; null while it is not known where they are.</summary>
    public HistoryReader? Reader => _reader;

    /// <summary>Keeps a sample.</summary>
    public async Task KeepAsync(
        ServerSample sample,
        HistoryTarget where,
        Func<long, string?> textOf,
        CancellationToken cancellationToken
    )
    {
        Gather(sample);
        if (where.Target is not { } target)
        {
            await LeaveAsync();
            Tell(HistoryState.NotWritten, where.Reason);
            Drop();
            return;
        }
        await GoToAsync(target);
        if (_pause > TimeSpan.Zero && time.GetElapsedTime(_failedAt) < _pause)
        {
            return;
        }
        try
        {
            _writer ??= await HistoryWriter.OpenAsync(_access!, server, cancellationToken);
            if (!await _writer.TryBecomeWriterAsync(cancellationToken))
            {
                Tell(HistoryState.WrittenByAnother, "");
                Drop();
                return;
            }
            string? problem = await PartitionAsync(target, sample.At, cancellationToken);
            await WriteAsync(_writer, sample, textOf, cancellationToken);
            _pause = TimeSpan.Zero;
            Tell(HistoryState.Written, problem ?? "");
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await FailAsync(failure, target);
        }
    }

    /// <summary>Keeps what a look at the plans found, where this Drover writes; those that changed, in words.</summary>
    public async Task<IReadOnlyList<(long Statement, string Difference)>> KeepPlansAsync(
        DateTimeOffset at,
        string database,
        IReadOnlyList<SeenPlan> plans,
        CancellationToken cancellationToken
    )
    {
        if (_writer is not { Plans: { } store })
        {
            return [];
        }
        try
        {
            return await store.KeepAsync(at, database, plans, cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await FailAsync(failure, _place!);
            return [];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await LeaveAsync();

    private async Task WriteAsync(
        HistoryWriter writer,
        ServerSample sample,
        Func<long, string?> textOf,
        CancellationToken cancellationToken
    )
    {
        await writer.WriteAsync(sample, cancellationToken);
        if (sample.Tables is { } look)
        {
            await writer.WriteTablesAsync(sample.At, [.. look.Tables.Take(limits.TablesMax)], cancellationToken);
        }
        if (!_flushRest.IsDue)
        {
            return;
        }
        _flushRest.Begin();
        await writer.WriteDatabasesAsync(sample.At, _databases.Values, _sizes, cancellationToken);
        List<(long, string, StatementTotals)> top =
        [
            .. _statements
                .OrderByDescending(static one => one.Value.TotalMs)
                .Select(one => (one.Key, Text: textOf(one.Key), one.Value))
                .Where(static one => one.Text is not null)
                .Take(limits.StatementsMax)
                .Select(static one => (one.Key, one.Text!, one.Value)),
        ];
        if (top.Count > 0)
        {
            await writer.WriteStatementsAsync(sample.At, sample.Parts.Database, top, cancellationToken);
        }
        StatementTotals sum = _statements.Values.Aggregate(default(StatementTotals), static (all, one) => all + one);
        ServerDay day = new(_sizes?.Values.Sum() ?? 0, sum.Calls, sum.TotalMs, _connections);
        await writer.WriteDayAsync(sample.At, day, cancellationToken);
        if (_accesses.Count > 0)
        {
            await writer.WriteAccessAsync(sample.At, _accesses, cancellationToken);
        }
        Drop();
    }

    private async Task<string?> PartitionAsync(
        NpgsqlConnectionStringBuilder target,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        if (!_needsPartitions && !_partitionRest.IsDue)
        {
            return null;
        }
        string? problem = await _partitions.KeepAsync(target, cancellationToken);
        _needsPartitions = false;
        _partitionRest.Begin();
        await _writer!.ForgetStatementsAsync(now.AddDays(-retentionDays), cancellationToken);
        await _writer.Plans!.ForgetAsync(now.AddDays(-retentionDays), cancellationToken);
        return problem;
    }

    // What happened since the last time that it was written.
    private void Gather(ServerSample sample)
    {
        foreach ((long id, StatementTotals totals) in sample.Statements)
        {
            _statements[id] = _statements.GetValueOrDefault(id) + totals;
        }
        foreach (DatabaseTotals one in sample.Databases)
        {
            _databases[one.Name] = _databases.TryGetValue(one.Name, out DatabaseTotals? sum) ? sum.Plus(one) : one;
        }
        foreach ((AccessKey key, AccessCounts counts) in sample.Accesses)
        {
            _accesses[key] = _accesses.GetValueOrDefault(key) + counts;
        }
        _sizes = sample.Tables?.Sizes ?? _sizes;
        _connections = Math.Max(_connections, sample.Parts.Sessions[^1].Connections);
    }

    private void Drop()
    {
        _statements.Clear();
        _databases.Clear();
        _accesses.Clear();
        _connections = 0;
    }

    private async Task GoToAsync(NpgsqlConnectionStringBuilder target)
    {
        if (_target == target.ConnectionString)
        {
            return;
        }
        await LeaveAsync();
        _target = target.ConnectionString;
        _place = target;
        _access = new ServerAccess(target);
        _reader = new HistoryReader(new ServerAccess(target), server, limits);
        _needsPartitions = true;
        _pause = TimeSpan.Zero;
    }

    private async Task LeaveAsync()
    {
        _target = "";
        HistoryReader? reader = _reader;
        _reader = null;
        await CloseWriterAsync();
        if (_access is not null)
        {
            await _access.DisposeAsync();
            _access = null;
        }
        if (reader is not null)
        {
            await reader.DisposeAsync();
        }
    }

    private async Task FailAsync(Exception failure, NpgsqlConnectionStringBuilder target)
    {
        // A partition is missing: the clock jumped, or somebody dropped it.
        _needsPartitions |= failure is PostgresException { SqlState: PostgresErrorCodes.CheckViolation };
        _failedAt = time.GetTimestamp();
        TimeSpan doubled = _pause * 2;
        _pause =
            doubled < s_firstPause ? s_firstPause
            : doubled < limits.RetryMax ? doubled
            : limits.RetryMax;
        Drop();
        await CloseWriterAsync();
        string reason = failure is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied
            ? $"{denied.MessageText}: GRANT CREATE ON DATABASE {Quoted(target.Database)} TO {Quoted(target.Username)}; "
                + "where the history is another role's, GRANT that role instead; or set history in [monitor] to a "
                + "database where the role may"
            : ServerFailure.Describe(failure, ConnectionText.Describe(target));
        Tell(HistoryState.NotWritten, reason);
    }

    private static string Quoted(string? name) => $"\"{name?.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private async Task CloseWriterAsync()
    {
        if (_writer is { } writer)
        {
            _writer = null;
            await writer.DisposeAsync();
        }
    }

    private void Tell(HistoryState state, string problem)
    {
        if (state != State || problem != Problem)
        {
            if (state == HistoryState.NotWritten || problem.Length > 0)
            {
                LogMonitor.NotKept(logger, server, problem);
            }
            else
            {
                LogMonitor.Kept(logger, server, state == HistoryState.Written ? "here" : "by another Drover");
            }
        }
        (State, Problem) = (state, problem);
    }
}
