// TRAPS 37: publications that carry the table, and what their subscribers will see.
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Preflight;

internal static class PublicationFindings
{
    public static IEnumerable<Finding> Of(TableDescription table, PreflightRequest request)
    {
        foreach (PublicationMembership publication in table.Publications)
        {
            yield return Of(table, publication, request);
        }
    }

    private static Finding Of(TableDescription table, PublicationMembership publication, PreflightRequest request)
    {
        string name = publication.Publication;
        if (publication.Scope != PublicationScope.Table)
        {
            return new Finding(
                "publication-of-all",
                FindingSeverity.Consent,
                name,
                "It carries every table of its scope, so the new table and Drover's own tables too: subscribers "
                    + "without such "
                    + "tables stop with an error, and those with them get every copied row.",
                $"Make it FOR TABLE {table.Name}, … before, or create the tables on the subscribers.",
                Consent.Publications
            );
        }
        if (
            publication.Columns is { } columns
            && !columns.Contains(request.Key)
            && (publication.PublishesUpdates || publication.PublishesDeletes)
        )
        {
            return new Finding(
                "publication-columns",
                FindingSeverity.Refuse,
                name,
                $"Its column list lacks {request.Key}, which is part of the new primary key and so of the replica "
                    + "identity: "
                    + "every UPDATE and DELETE would fail.",
                $"Add {request.Key} to the list before the conversion."
            );
        }
        return publication.ViaRoot
            ? new Finding(
                "publication",
                FindingSeverity.Info,
                name,
                "The new table takes the old one's place in it, under the same name.",
                "ALTER SUBSCRIPTION … REFRESH PUBLICATION WITH (copy_data = false) on the subscribers after the "
                    + "cut-over."
            )
            : new Finding(
                "publication-via-root",
                FindingSeverity.Consent,
                name,
                "publish_via_partition_root is off, and is switched on at the cut-over: otherwise changes would be "
                    + "published "
                    + "under the partitions' names. It counts for all partitioned tables of the publication.",
                "ALTER SUBSCRIPTION … REFRESH PUBLICATION WITH (copy_data = false) on the subscribers after the "
                    + "cut-over.",
                Consent.Publications
            );
    }
}
