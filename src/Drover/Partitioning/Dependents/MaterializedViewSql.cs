// Materialized views: none can be replaced in place, so a new one is built beside and takes the name at the swap.
using System.Collections.Immutable;
using Drover.Operations;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

/// <summary>SQL for the bound materialized views among a table's dependents.</summary>
internal sealed class MaterializedViewSql(ImmutableArray<ViewDescription> views)
{
    private readonly ImmutableArray<ViewDescription> _views =
    [
        .. views.Where(view => view is { IsBound: true, IsMaterialized: true }),
    ];

    /// <summary>
    /// Makes them without rows. Their queries name the table, so it is the new one that has the name for a moment; a
    /// view that reads another one finds the new one of that too.
    /// </summary>
    public IEnumerable<string> Stage(QualifiedName table, QualifiedName newTable, QualifiedName oldTable)
    {
        if (_views.IsEmpty)
        {
            yield break;
        }
        yield return $"ALTER TABLE {table} RENAME TO {SqlText.Name(oldTable.Name)}";
        yield return $"ALTER TABLE {newTable} RENAME TO {SqlText.Name(table.Name)}";
        foreach (string statement in Stage())
        {
            yield return statement;
        }
        yield return $"ALTER TABLE {table} RENAME TO {SqlText.Name(newTable.Name)}";
        yield return $"ALTER TABLE {oldTable} RENAME TO {SqlText.Name(table.Name)}";
    }

    /// <summary>The same when the new table has the name.</summary>
    public IEnumerable<string> Stage()
    {
        foreach (ViewDescription view in _views)
        {
            yield return Rename("MATERIALIZED VIEW", view.Name, OldName(view.Name));
            foreach (string statement in Create(view))
            {
                yield return statement;
            }
        }
        foreach (ViewDescription view in _views.Reverse())
        {
            yield return Rename("MATERIALIZED VIEW", view.Name, NewName(view.Name));
            yield return Rename("MATERIALIZED VIEW", OldName(view.Name), view.Name);
        }
    }

    /// <summary>All new ones are there.</summary>
    public string StagedWhen() =>
        "SELECT "
        + string.Join(
            " AND ",
            _views.Select(view => $"{Regclass(NewName(view.Name))} IS NOT NULL").DefaultIfEmpty("true")
        );

    /// <summary>Rows, then indexes.</summary>
    public IEnumerable<AutocommitStatement> Build()
    {
        foreach (ViewDescription view in _views)
        {
            QualifiedName name = NewName(view.Name);
            if (view.IsPopulated)
            {
                yield return new AutocommitStatement(
                    $"REFRESH MATERIALIZED VIEW {name}",
                    $"SELECT relispopulated FROM pg_class WHERE oid = {Regclass(name)}",
                    []
                );
            }
            foreach (IndexDescription index in view.Indexes.Where(index => index.IsValid))
            {
                QualifiedName made = NewName(index.Name);
                yield return new AutocommitStatement(
                    index.DefinitionOn(made.Name, name.ToString()),
                    $"SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = {Regclass(made)} AND indisvalid)",
                    [$"DROP INDEX IF EXISTS {made}"]
                );
                foreach (IndexStatistics target in index.StatisticsTargets)
                {
                    string set = $"ALTER INDEX {made} ALTER COLUMN {target.Column} SET STATISTICS {target.Target}";
                    yield return new AutocommitStatement(set, "SELECT false", []);
                }
                if (index.Comment is { } comment)
                {
                    string text = SqlText.Literal(comment);
                    yield return new AutocommitStatement(
                        $"COMMENT ON INDEX {made} IS {text}",
                        $"SELECT obj_description({Regclass(made)}, 'pg_class') IS NOT DISTINCT FROM {text}",
                        []
                    );
                }
            }
        }
    }

    /// <summary>Rows again.</summary>
    public IEnumerable<string> Freshen() =>
        _views.Where(view => view.IsPopulated).Select(view => $"REFRESH MATERIALIZED VIEW {NewName(view.Name)}");

    /// <summary>Exchanges the names of old and new, indexes included.</summary>
    public IEnumerable<string> Swap(bool toNew)
    {
        foreach (ViewDescription view in _views)
        {
            yield return Rename("MATERIALIZED VIEW", view.Name, toNew ? OldName(view.Name) : NewName(view.Name));
            yield return Rename("MATERIALIZED VIEW", toNew ? NewName(view.Name) : OldName(view.Name), view.Name);
            foreach (IndexDescription index in view.Indexes.Where(index => index.IsValid))
            {
                yield return Rename("INDEX", index.Name, toNew ? OldName(index.Name) : NewName(index.Name));
                yield return Rename("INDEX", toNew ? NewName(index.Name) : OldName(index.Name), index.Name);
            }
        }
    }

    /// <summary>Gives the old ones their names back, where new ones have them.</summary>
    public IEnumerable<string> SwapBackIfSwapped() =>
        Swap(toNew: false) is var statements && _views.IsEmpty
            ? []
            :
            [
                SqlText.Block(
                    $"BEGIN IF {Regclass(OldName(_views[0].Name))} IS NOT NULL THEN "
                        + $"{string.Join("; ", statements)}; END IF; END"
                ),
            ];

    /// <summary>Drops the old ones, those on top first.</summary>
    public IEnumerable<string> Finish() =>
        _views.Reverse().Select(view => $"DROP MATERIALIZED VIEW IF EXISTS {OldName(view.Name)}");

    /// <summary>Drops the new ones, those on top first.</summary>
    public IEnumerable<string> Abandon() =>
        _views.Reverse().Select(view => $"DROP MATERIALIZED VIEW IF EXISTS {NewName(view.Name)}");

    private static IEnumerable<string> Create(ViewDescription view)
    {
        string method = view.AccessMethod is null or "heap" ? "" : $" USING {SqlText.Name(view.AccessMethod)}";
        string options = view.Options.Length == 0 ? "" : $" WITH ({string.Join(", ", view.Options)})";
        string tablespace = view.Tablespace is null ? "" : $" TABLESPACE {SqlText.Name(view.Tablespace)}";
        yield return $"CREATE MATERIALIZED VIEW {view.Name}{method}{options}{tablespace} AS "
            + $"{view.Query.TrimStart()} WITH NO DATA";
        yield return $"ALTER MATERIALIZED VIEW {view.Name} OWNER TO {SqlText.Name(view.Owner)}";
        foreach (string grant in GrantSql.OnRelation(view.Name, view.Owner, view.Access))
        {
            yield return grant;
        }
        if (view.Comment is not null)
        {
            yield return $"COMMENT ON MATERIALIZED VIEW {view.Name} IS {SqlText.Literal(view.Comment)}";
        }
        foreach (ViewColumn column in view.Columns)
        {
            string name = SqlText.Name(column.Name);
            foreach (Grant grant in column.Grants)
            {
                yield return GrantSql.Give(grant, $" ({name})", view.Name.ToString());
            }
            if (column.Comment is not null)
            {
                yield return $"COMMENT ON COLUMN {view.Name}.{name} IS {SqlText.Literal(column.Comment)}";
            }
            if (column.StatisticsTarget is { } target)
            {
                yield return $"ALTER MATERIALIZED VIEW {view.Name} ALTER {name} SET STATISTICS {target}";
            }
        }
    }

    private static QualifiedName NewName(QualifiedName name) =>
        name.WithName(PartitionName.Fit(name.Name, "__drover_new"));

    private static QualifiedName OldName(QualifiedName name) =>
        name.WithName(PartitionName.Fit(name.Name, "__drover_old"));

    private static string Rename(string kind, QualifiedName from, QualifiedName to) =>
        $"ALTER {kind} {from} RENAME TO {SqlText.Name(to.Name)}";

    private static string Regclass(QualifiedName name) => $"to_regclass({SqlText.Literal(name.ToString())})";
}
