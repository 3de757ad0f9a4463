// Know before touching: everything that a conversion would lose, change or trip over, with what to do about it.
using System.Collections.Immutable;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.Partitioning.Preflight;

/// <summary>
/// Looks for what TRAPS 25 to 37 name, and changes nothing. What would lose data or meaning refuses; what changes the
/// meaning of something asks for consent by name.
/// </summary>
internal static class PartitioningPreflight
{
    /// <summary>Asks the server what the description alone does not say, and puts all findings together.</summary>
    public static async Task<PreflightReport> CheckAsync(
        NpgsqlConnection connection,
        TableDescription table,
        PreflightRequest request,
        CancellationToken cancellationToken
    )
    {
        List<Finding> findings = [.. CheckDescription(table, request)];
        PreflightQuery query = new(connection, cancellationToken);
        findings.AddRange(await PermissionFindings.FindAsync(query, table));
        KeyValues? keys = null;
        bool seesAllRows = findings.All(finding => finding.Code is not "forced-row-security");
        if (table.Kind == RelationKind.Table && seesAllRows && KeyFindings.IsUsable(table, request))
        {
            (keys, IReadOnlyList<Finding> found) = await KeyValueFindings.FindAsync(query, table, request);
            findings.AddRange(found);
        }
        findings.AddRange(await StatementFindings.FindAsync(query, table, request));
        findings.AddRange(await ActivityFindings.FindAsync(query, table, request));
        findings.AddRange(await ReplicationFindings.FindAsync(query, table));
        findings.AddRange(await SpaceFindings.FindAsync(query, table));
        findings.AddRange(await LockFindings.FindAsync(query, table, request, keys));
        if (request.IsAttached)
        {
            findings = [.. AttachFindings.InPlaceOf(findings, table, request, keys)];
        }
        return new PreflightReport([.. findings.OrderByDescending(finding => finding.Severity)], keys);
    }

    /// <summary>What the description alone says.</summary>
    public static ImmutableArray<Finding> CheckDescription(TableDescription table, PreflightRequest request) =>
        [
            .. ShapeFindings.Of(table),
            .. KeyFindings.Of(table, request),
            .. UniqueKeyFindings.Of(table, request),
            .. TriggerFindings.Of(table, request),
            .. DependentFindings.Of(table, request),
            .. PublicationFindings.Of(table, request),
        ];
}
