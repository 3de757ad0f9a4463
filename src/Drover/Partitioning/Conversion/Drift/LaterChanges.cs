// What was changed since the cut-over that a rollback, which goes by what it found then, would undo in silence.
using Drover.Operations;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Conversion.Drift;

/// <summary>
/// The facts about the table that has the name, noted in the cut-over's transaction and compared before a rollback's.
/// </summary>
/// <param name="runId">The run.</param>
/// <param name="layout">The tables.</param>
internal sealed class LaterChanges(long runId, ConversionLayout layout)
{
    // Of the table itself, where no other table could be told the same.
    private static readonly string[] s_rights =
    [
        "owner",
        "row security",
        "grants",
        "column ",
        "trigger ",
        "rule ",
        "policy ",
        "publication ",
    ];

    private readonly ConversionRecord _record = new(runId);

    /// <summary>Notes the facts; in the cut-over's transaction, when everything has changed sides.</summary>
    /// <param name="connection">The transaction's.</param>
    /// <param name="old">The old table as it was: materialized views may change sides later.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task NoteAsync(NpgsqlConnection connection, TableDescription old, CancellationToken cancellationToken)
    {
        Dictionary<string, string> facts = CatalogFingerprint.FactsOf(await ReadAsync(connection, cancellationToken));
        foreach (CatalogFact fact in CatalogFacts.OfOutside(old))
        {
            facts.TryAdd(fact.Subject, fact.Text);
        }
        await _record.SetSwappedFactsAsync(connection, facts, cancellationToken);
    }

    /// <summary>Under the locks of the rollback.</summary>
    /// <param name="connection">The transaction's.</param>
    /// <param name="andRights">Also what belongs to the table itself.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="OperationException">Something would be undone.</exception>
    public async Task ProveNoneAsync(NpgsqlConnection connection, bool andRights, CancellationToken cancellationToken)
    {
        if (await _record.ReadSwappedFactsAsync(connection, cancellationToken) is not { } facts)
        {
            return;
        }
        TableDescription table = await ReadAsync(connection, cancellationToken);
        HashSet<string> outside = [.. CatalogFacts.OfOutside(table).Select(fact => fact.Subject)];
        string[] changes =
        [
            .. CatalogFingerprint
                .Changes(facts, table)
                .Where(change => outside.Contains(change.Subject) || IsGone(change) || (andRights && IsRight(change)))
                .Select(Describe),
        ];
        if (changes.Length > 0)
        {
            throw new OperationException(
                $"since the cut-over of {layout.Table}, {string.Join("; ", changes)}. A rollback would undo that, or "
                    + "leave it behind with a table that is to go: undo it and roll back, and do it again then; or "
                    + "finish"
            );
        }
    }

    // The rollback would make it again.
    private static bool IsGone(CatalogChange change) => change.After is null && CatalogFacts.IsOutside(change.Subject);

    private static bool IsRight(CatalogChange change) =>
        s_rights.Any(kind => change.Subject.StartsWith(kind, StringComparison.Ordinal));

    // A view's text is long, and who made it has it.
    private static string Describe(CatalogChange change) =>
        IsRight(change) && change is { Before: not null, After: not null } ? change.ToString()
        : change.Before is null ? $"{change.Subject} was added"
        : change.After is null ? $"{change.Subject} was dropped"
        : $"{change.Subject} was changed";

    private async Task<TableDescription> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await TableCatalog.FindAsync(connection, layout.Table.ToString(), cancellationToken) is { } oid
        && await TableCatalog.ReadWithinAsync(connection, oid, cancellationToken) is { } table
            ? table
            : throw new OperationException($"{layout.Table} does not exist any more");
}
