// What the history gives when it is read.
using Drover.Advice.Ages;

namespace Drover.History;

/// <summary>One step of a series.</summary>
/// <param name="At">Where the step begins.</param>
/// <param name="Value">The mean over it, in the metric's unit.</param>
/// <param name="Highest">The highest sample in it.</param>
internal readonly record struct MetricPoint(DateTimeOffset At, double Value, double Highest);

/// <summary>A metric over time.</summary>
internal sealed record MetricSeries(ServerMetric Metric, IReadOnlyList<MetricPoint> Points);

/// <summary>A table as it was last seen.</summary>
/// <param name="Name">Qualified, quoted where it must be.</param>
/// <param name="Bytes">The heap alone.</param>
/// <param name="TotalBytes">With indexes and TOAST.</param>
/// <param name="Rows">The planner's estimate; -1 when never analysed.</param>
/// <param name="DeadRows">By the statistics collector.</param>
/// <param name="BloatBytes">Estimate; null when unknown.</param>
/// <param name="SequentialScans">Scans of the whole table in the time.</param>
/// <param name="IndexScans">Scans by index in the time.</param>
/// <param name="TotalBytesBefore">TotalBytes at the start of the time, or when it was first seen in it.</param>
/// <param name="RowsBefore">Rows then.</param>
internal sealed record TableUse(
    string Name,
    long Bytes,
    long TotalBytes,
    double Rows,
    long DeadRows,
    long? BloatBytes,
    long SequentialScans,
    long IndexScans,
    long TotalBytesBefore,
    double RowsBefore
);

/// <summary>How far back statements asked a table for rows.</summary>
/// <param name="Name">As <see cref="TableUse"/> has it.</param>
/// <param name="Source"><c>proxy</c> or <c>activity</c>.</param>
/// <param name="Counts">The classes.</param>
internal sealed record TableAccess(string Name, string Source, AccessCounts Counts);

/// <summary>A table in one step: sizes at its end, scans in it.</summary>
internal readonly record struct TablePoint(
    DateTimeOffset At,
    long TotalBytes,
    double Rows,
    long DeadRows,
    long? BloatBytes,
    long SequentialScans,
    long IndexScans
);

/// <summary>What a statement did between two moments.</summary>
/// <param name="Id">pg_stat_statements' queryid.</param>
/// <param name="Database">Where it ran.</param>
/// <param name="Text">Normalised by the server: constants are $1, $2 …; shortened.</param>
/// <param name="Calls">Executions.</param>
/// <param name="TotalMs">Time in all of them.</param>
/// <param name="Rows">Rows in all.</param>
/// <param name="BlocksHit">Blocks found in shared_buffers.</param>
/// <param name="BlocksRead">Blocks that were not.</param>
/// <param name="CallsBefore">Calls in the same span of time just before, for a comparison.</param>
/// <param name="TotalMsBefore">Time in those.</param>
/// <param name="PlanChanged">When a plan that it had not before was seen last, within the time; else null.</param>
internal sealed record StatementUse(
    long Id,
    string Database,
    string Text,
    long Calls,
    double TotalMs,
    long Rows,
    long BlocksHit,
    long BlocksRead,
    long CallsBefore,
    double TotalMsBefore,
    DateTimeOffset? PlanChanged
)
{
    /// <summary>Time of one call.</summary>
    public double MeanMs => Calls > 0 ? TotalMs / Calls : 0;
}

/// <summary>A statement in one step.</summary>
internal readonly record struct StatementPoint(DateTimeOffset At, long Calls, double TotalMs, long Rows);

/// <summary>A database between two moments.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size when last seen; null when the role may not connect to it.</param>
/// <param name="Transactions">Committed and rolled back in the time.</param>
/// <param name="BlocksHit">Blocks found in shared_buffers.</param>
/// <param name="BlocksRead">Blocks that were not.</param>
/// <param name="Deadlocks">Deadlocks in the time.</param>
/// <param name="TempBytes">Written to temporary files in the time.</param>
internal sealed record DatabaseUse(
    string Name,
    long? Bytes,
    long Transactions,
    long BlocksHit,
    long BlocksRead,
    long Deadlocks,
    long TempBytes
);
