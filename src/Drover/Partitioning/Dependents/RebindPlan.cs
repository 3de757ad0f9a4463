// Everything outside a table that is bound to it by OID, made to follow when another table takes its name, and back.
using System.Collections.Immutable;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

/// <summary>
/// SQL for the objects of <see cref="TableDescription.Dependents"/>, for publications, and for comments and labels.
/// <para>
/// All texts name the table by its own name. Run before the swap they would bind to the old table, run after it they
/// bind to the new one, and after a rollback to the old one again: so the same statement serves both ways, and views
/// keep their OIDs, grants and dependents.
/// </para>
/// <para>
/// The order: <see cref="Stage"/> and <see cref="Build"/> before the swap; <see cref="Freshen"/> shortly before it; in
/// the swap's transaction <see cref="Lock"/>, the renames, <see cref="Forward"/>. At a rollback <see cref="Lock"/>, the
/// renames back, <see cref="Backward"/>. <see cref="Finish"/> before the old table is dropped, <see cref="Abandon"/>
/// before the new one is.
/// </para>
/// </summary>
internal sealed record RebindPlan
{
    /// <summary>The locks that <see cref="Lock"/> takes.</summary>
    public required ImmutableArray<LockClaim> Locks { get; init; }

    /// <summary>
    /// Takes the locks in a fixed order, and before those on the table itself: a query locks a view first and the table
    /// under it later. LOCK TABLE on a view would lock all tables under it, so views are locked by an ALTER without
    /// effect.
    /// </summary>
    public required ImmutableArray<string> Lock { get; init; }

    /// <summary>
    /// One transaction under ACCESS EXCLUSIVE on both tables, of a few milliseconds: makes the empty materialized views
    /// beside the old ones while the new table has the name. Empty where there are none.
    /// </summary>
    public required ImmutableArray<string> Stage { get; init; }

    /// <summary>A query whose boolean says that <see cref="Stage"/> is done.</summary>
    public required string StagedWhen { get; init; }

    /// <summary>Fills and indexes the new materialized views; no lock on anything that the application uses.</summary>
    public required ImmutableArray<AutocommitStatement> Build { get; init; }

    /// <summary>Fills them again, from rows as they are shortly before the swap.</summary>
    public required ImmutableArray<string> Freshen { get; init; }

    /// <summary>In the swap's transaction, when the new table has the name.</summary>
    public required ImmutableArray<string> Forward { get; init; }

    /// <summary>
    /// Exchanges the materialized views in a transaction of their own, after <see cref="Forward"/>, where they could
    /// not be filled before it: the new table had no rows. Empty where <see cref="Forward"/> does it.
    /// </summary>
    public required ImmutableArray<string> Late { get; init; }

    /// <summary>In the rollback's transaction, when the old table has its name back.</summary>
    public required ImmutableArray<string> Backward { get; init; }

    /// <summary>Removes what still needs the old table.</summary>
    public required ImmutableArray<string> Finish { get; init; }

    /// <summary>Removes what needs the new table, when it never took the name or gave it back.</summary>
    public required ImmutableArray<string> Abandon { get; init; }

    /// <param name="table">The table as it is under its own name.</param>
    /// <param name="newTable">The name of the new table while it does not have the table's.</param>
    /// <param name="oldTable">The name of the old table once it has lost its own.</param>
    /// <param name="isLate">The new table has no rows before the swap, so materialized views come after it.</param>
    public static RebindPlan For(
        TableDescription table,
        QualifiedName newTable,
        QualifiedName oldTable,
        bool isLate = false
    )
    {
        DependentObjects dependents = table.Dependents;
        MaterializedViewSql materialized = new(dependents.Views);
        FunctionSql functions = new(dependents.Functions, newTable);
        string[] inPlace =
        [
            .. ViewSql.Replace(dependents.Views),
            .. functions.ReplaceInPlace(),
            .. OutsideSql.Replace(dependents.Rules, dependents.Policies),
        ];
        return new RebindPlan
        {
            Locks = [.. Relations(dependents).Select(name => new LockClaim(TableLockMode.AccessExclusive, name))],
            Lock = [.. LockStatements(dependents)],
            Stage = [.. isLate ? materialized.Stage() : materialized.Stage(table.Name, newTable, oldTable)],
            StagedWhen = materialized.StagedWhen(),
            Build = [.. materialized.Build()],
            Freshen = [.. materialized.Freshen()],
            Forward =
            [
                .. TextSql.Of(table),
                .. isLate ? [] : materialized.Swap(toNew: true),
                .. functions.Forward(),
                .. inPlace,
                .. PublicationSql.Forward(table, oldTable),
            ],
            Late = isLate ? [.. LockStatements(dependents), .. materialized.Swap(toNew: true), .. inPlace] : [],
            Backward =
            [
                .. isLate ? materialized.SwapBackIfSwapped() : materialized.Swap(toNew: false),
                .. functions.Backward(),
                .. inPlace,
                .. functions.DropNew(),
                .. isLate ? materialized.Abandon() : [],
                .. PublicationSql.Backward(table, newTable),
            ],
            Finish = [.. functions.Finish(), .. materialized.Finish()],
            Abandon = [.. functions.DropNew(), .. materialized.Abandon()],
        };
    }

    // Views from the top down, then tables: as a query would.
    private static IEnumerable<string> LockStatements(DependentObjects dependents)
    {
        foreach (ViewDescription view in dependents.Views.Where(view => view.IsBound).Reverse())
        {
            string kind = view.IsMaterialized ? "MATERIALIZED VIEW" : "VIEW";
            yield return $"ALTER {kind} {view.Name} OWNER TO {SqlText.Name(view.Owner)}";
        }
        foreach (QualifiedName table in Tables(dependents))
        {
            yield return $"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE";
        }
    }

    private static IEnumerable<string> Relations(DependentObjects dependents) =>
        dependents
            .Views.Where(view => view.IsBound)
            .Reverse()
            .Select(view => view.Name.ToString())
            .Concat(Tables(dependents).Select(table => table.ToString()));

    // A rule may belong to a view, which then has been locked as a bound one or is locked by the rule's own statement.
    private static IEnumerable<QualifiedName> Tables(DependentObjects dependents) =>
        dependents
            .Policies.Select(policy => policy.Table)
            .Concat(dependents.Rules.Where(rule => rule.IsOnTable).Select(rule => rule.Relation))
            .Distinct()
            .OrderBy(name => name.ToString(), StringComparer.Ordinal);
}
