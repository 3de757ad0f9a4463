// Publications that name the table: the new one takes the old one's place, under the old one's name for subscribers.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

/// <summary>
/// A partitioned table is published under its own name only with <c>publish_via_partition_root</c>, and a row filter or
/// column list needs that as well (TRAPS 37; manual, CREATE PUBLICATION). The preflight asks for consent where it is
/// off.
/// </summary>
internal static class PublicationSql
{
    /// <summary>After the swap.</summary>
    public static IEnumerable<string> Forward(TableDescription table, QualifiedName oldTable)
    {
        foreach (PublicationMembership publication in Named(table))
        {
            string name = SqlText.Name(publication.Publication);
            yield return $"ALTER PUBLICATION {name} DROP TABLE ONLY {oldTable}";
            if (!publication.ViaRoot)
            {
                yield return $"ALTER PUBLICATION {name} SET (publish_via_partition_root = true)";
            }
            yield return Add(publication, table.Name);
        }
    }

    /// <summary>After the swap back.</summary>
    public static IEnumerable<string> Backward(TableDescription table, QualifiedName newTable)
    {
        foreach (PublicationMembership publication in Named(table))
        {
            string name = SqlText.Name(publication.Publication);
            yield return $"ALTER PUBLICATION {name} DROP TABLE {newTable}";
            if (!publication.ViaRoot)
            {
                yield return $"ALTER PUBLICATION {name} SET (publish_via_partition_root = false)";
            }
            yield return Add(publication, table.Name);
        }
    }

    private static IEnumerable<PublicationMembership> Named(TableDescription table) =>
        table.Publications.Where(publication => publication.Scope == PublicationScope.Table);

    private static string Add(PublicationMembership publication, QualifiedName table)
    {
        string columns = publication.Columns is { } names ? $" ({SqlText.Names(names)})" : "";
        string filter = publication.RowFilter is { } expression ? $" WHERE ({expression})" : "";
        return $"ALTER PUBLICATION {SqlText.Name(publication.Publication)} ADD TABLE {table}{columns}{filter}";
    }
}
