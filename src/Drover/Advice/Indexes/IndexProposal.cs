// An index that is worth its price, with what speaks for it.
namespace Drover.Advice.Indexes;

/// <summary>A statement that an index helps.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Before">The planner's cost without the index.</param>
/// <param name="After">With it.</param>
internal sealed record HelpedStatement(StudiedStatement Statement, double Before, double After);

/// <summary>What an index costs for ever.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="EntriesPerDay">Entries that writes add to it.</param>
/// <param name="LostHotPerDay">Updates a day that touch no index now, and would touch all.</param>
/// <param name="MillisecondsPerDay">The time of both.</param>
internal sealed record IndexPrice(long Bytes, double EntriesPerDay, double LostHotPerDay, double MillisecondsPerDay)
{
    /// <summary>
    /// A new entry of a B-tree with its WAL, in a cached page: assumed, not measured. On a slow disk it is more.
    /// </summary>
    private const double EntryMs = 0.01;

    /// <summary>The price by the table's counters and the statements that set columns.</summary>
    public static IndexPrice Of(
        IndexCandidate candidate,
        long? bytes,
        IEnumerable<StudiedStatement> statements,
        double days
    )
    {
        WorkloadTable table = candidate.Table;
        HashSet<string> columns = [.. candidate.Columns];
        double touching = statements
            .Where(one => one.Written.Any(written => written.Table == table && columns.Contains(written.Column)))
            .Sum(static one => one.Load.Calls * Math.Max(1, one.Load.RowsPerCall));
        double updates = table.HotUpdatesPerDay + table.OtherUpdatesPerDay;
        double hotShare = updates > 0 ? table.HotUpdatesPerDay / updates : 0;
        double lost = Math.Min(table.HotUpdatesPerDay, touching / days * hotShare);
        double share = candidate.Condition?.Share ?? 1;
        double entries = (table.InsertsPerDay + table.OtherUpdatesPerDay) * share;
        return new IndexPrice(
            bytes ?? candidate.EstimatedBytes,
            entries,
            lost,
            (entries + (lost * (table.Indexes + 1))) * EntryMs
        );
    }
}

/// <summary>An index that should be.</summary>
/// <param name="Candidate">The index.</param>
/// <param name="Name">Its name; free in its schema.</param>
/// <param name="Helped">The statements that it helps, the one that gains most first.</param>
/// <param name="SavedMsPerDay">Time a day that it saves beyond the indexes before it.</param>
/// <param name="Price">What it costs.</param>
internal sealed record IndexProposal(
    IndexCandidate Candidate,
    string Name,
    IReadOnlyList<HelpedStatement> Helped,
    double SavedMsPerDay,
    IndexPrice Price
)
{
    /// <summary>What builds it.</summary>
    public IndexOrder Order =>
        new(Candidate.Table.QuotedSchema, Name, Candidate.Table.Quoted, Candidate.Table.IsPartitioned, Candidate.Body);
}
