// An index that is to be built.
namespace Drover.Advice.Indexes;

/// <summary>All that CREATE INDEX needs.</summary>
/// <param name="Schema">The table's, quoted; the index comes into the same.</param>
/// <param name="Name">The index's, quoted.</param>
/// <param name="Table">The table's, quoted and with its schema.</param>
/// <param name="IsPartitioned">It has to be built partition by partition.</param>
/// <param name="Body">What follows the table: columns, INCLUDE, WHERE.</param>
internal sealed record IndexOrder(string Schema, string Name, string Table, bool IsPartitioned, string Body)
{
    /// <summary>The index with its schema.</summary>
    public string FullName => $"{Schema}.{Name}";

    /// <summary>What takes it away again.</summary>
    public string Undo => IsPartitioned ? $"DROP INDEX {FullName}" : $"DROP INDEX CONCURRENTLY {FullName}";
}
