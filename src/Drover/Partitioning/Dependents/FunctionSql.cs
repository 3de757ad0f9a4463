// Functions: those with a parsed body are replaced in place; those over the table's rows become new functions.
using System.Collections.Immutable;
using System.Globalization;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Dependents;

/// <summary>
/// SQL for bound functions. A function whose arguments have the table's row type is another function for the other
/// table's rows: both exist side by side until the end. One that only returns rows would be the same function with
/// another result, which cannot be replaced: the old one steps aside by name.
/// </summary>
internal sealed class FunctionSql(ImmutableArray<FunctionDescription> functions, QualifiedName newTable)
{
    // Bodies as text are checked against the caller's search_path, which need not be theirs.
    private const string Unchecked = "SET LOCAL check_function_bodies = off";

    private readonly ImmutableArray<FunctionDescription> _overRows =
    [
        .. functions.Where(function => function.TakesRow || function.ReturnsRow),
    ];

    /// <summary>Functions that keep their OID; they need the views and functions that they use to be there.</summary>
    public IEnumerable<string> ReplaceInPlace() =>
        functions.Where(function => function is { TakesRow: false, ReturnsRow: false }).Select(Define);

    /// <summary>New functions over the new table's rows.</summary>
    public IEnumerable<string> Forward()
    {
        if (!_overRows.IsEmpty)
        {
            yield return Unchecked;
        }
        foreach (FunctionDescription function in _overRows)
        {
            if (!function.TakesRow)
            {
                yield return Rename(function, function.Name, OldName(function.Name));
            }
            yield return Define(function);
            string routine = Routine(function, function.Name);
            yield return $"ALTER ROUTINE {routine} OWNER TO {SqlText.Name(function.Owner)}";
            foreach (string grant in GrantSql.OnRoutine(Signature(function), function.Owner, function.Access))
            {
                yield return grant;
            }
            if (function.Comment is not null)
            {
                yield return $"COMMENT ON ROUTINE {routine} IS {SqlText.Literal(function.Comment)}";
            }
        }
    }

    /// <summary>The old functions get their names back; the new ones stay until nothing uses them.</summary>
    public IEnumerable<string> Backward()
    {
        foreach (FunctionDescription function in _overRows.Where(function => !function.TakesRow))
        {
            yield return Rename(function, function.Name, NewName(function.Name));
            yield return Rename(function, OldName(function.Name), function.Name);
        }
    }

    /// <summary>Drops the functions over the new table's rows, when that table does not have the name.</summary>
    public IEnumerable<string> DropNew()
    {
        foreach (FunctionDescription function in _overRows.Reverse())
        {
            QualifiedName name = function.TakesRow ? function.Name : NewName(function.Name);
            string table = SqlText.Literal(newTable.ToString());
            yield return SqlText.Block(
                $"""
                DECLARE routine regprocedure;
                BEGIN
                  FOR routine IN SELECT DISTINCT p.oid FROM pg_proc AS p
                    JOIN pg_namespace AS n ON n.oid = p.pronamespace
                    JOIN pg_type AS t ON t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)
                    LEFT JOIN pg_type AS e ON e.oid = t.typelem
                    WHERE n.nspname = {SqlText.Literal(name.Schema)} AND p.proname = {SqlText.Literal(name.Name)}
                      AND p.oid <> {Number(function.Oid)} AND to_regclass({table}) IN (t.typrelid, e.typrelid)
                  LOOP
                    EXECUTE format('DROP ROUTINE %s', routine);
                  END LOOP;
                END
                """
            );
        }
    }

    /// <summary>Drops the functions over the old table's rows.</summary>
    public IEnumerable<string> Finish() =>
        _overRows
            .Reverse()
            .Select(function =>
                SqlText.Block(
                    $"""
                    BEGIN
                      IF EXISTS (SELECT FROM pg_proc WHERE oid = {Number(function.Oid)}) THEN
                        EXECUTE format('DROP ROUTINE %s', {Number(function.Oid)}::regprocedure);
                      END IF;
                    END
                    """
                )
            );

    // BEGIN ATOMIC bodies contain semicolons, at which a driver may cut; in a string they are safe.
    private static string Define(FunctionDescription function) => SqlText.Execute(function.Definition ?? "");

    private static string Rename(FunctionDescription function, QualifiedName from, QualifiedName to) =>
        $"ALTER ROUTINE {Routine(function, from)} RENAME TO {SqlText.Name(to.Name)}";

    private static string Routine(FunctionDescription function, QualifiedName name) => $"{name}({function.Arguments})";

    // As regprocedure reads it: types without argument names.
    private static string Signature(FunctionDescription function) => $"{function.Name}({function.ArgumentTypes})";

    private static string Number(uint oid) => oid.ToString(CultureInfo.InvariantCulture);

    private static QualifiedName NewName(QualifiedName name) =>
        name.WithName(PartitionName.Fit(name.Name, "__drover_new"));

    private static QualifiedName OldName(QualifiedName name) =>
        name.WithName(PartitionName.Fit(name.Name, "__drover_old"));
}
