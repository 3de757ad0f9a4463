// The triggers that carry every write of one table over to the other, or note whom they could not carry.
using Drover.Partitioning.Catalog;

namespace Drover.Partitioning.Conversion;

/// <summary>What the mirror's function is to do besides.</summary>
internal enum MirrorMode
{
    /// <summary>
    /// Beside the copy: also notes every row that left its place, since a copy that read the row before may put it
    /// back.
    /// </summary>
    Copying,

    /// <summary>The copy is over.</summary>
    Following,

    /// <summary>After the cut-over, towards the old table: no error of the mirror's may reach the
    /// application.</summary>
    Reverse,
}

/// <summary>
/// SQL of the mirror. Its one rule: a row of the follower is moved from exactly OLD to exactly NEW, or its identity is
/// noted in the key log; never is it wrong and silent. docs/partitioning.md has the argument.
/// </summary>
/// <param name="layout">The tables.</param>
internal sealed class Mirror(ConversionLayout layout)
{
    /// <summary>Row trigger; <c>!</c> sorts before what people call their triggers, and they fire in that
    /// order.</summary>
    public const string RowTrigger = "!drover_mirror";

    /// <summary>TRUNCATE trigger.</summary>
    public const string TruncateTrigger = "!drover_mirror_truncate";

    private readonly string _written = layout.Written();

    /// <summary>Makes or replaces both functions, so that they write to <paramref name="follower"/>.</summary>
    public IEnumerable<string> Functions(QualifiedName follower, MirrorMode mode)
    {
        yield return $"""
            CREATE OR REPLACE FUNCTION {layout.MirrorFunction}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $drover${Body(follower, mode)}$drover$
            """;
        yield return $"""
            CREATE OR REPLACE FUNCTION {layout.TruncateFunction}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $drover${TruncateBody(follower, mode)}$drover$
            """;
        foreach (QualifiedName function in (QualifiedName[])[layout.MirrorFunction, layout.TruncateFunction])
        {
            // Whoever may write the table fires the triggers; nobody needs to call them.
            yield return $"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC";
            yield return $"ALTER FUNCTION {function}() OWNER TO {SqlText.Name(layout.Owner)}";
        }
    }

    /// <summary>Puts the triggers on the leader. Takes SHARE ROW EXCLUSIVE, so all writers before it are
    /// over.</summary>
    public IEnumerable<string> Triggers(QualifiedName leader)
    {
        string row = SqlText.Name(RowTrigger);
        string truncate = SqlText.Name(TruncateTrigger);
        yield return $"""
            CREATE TRIGGER {row} AFTER INSERT OR UPDATE OR DELETE ON {leader}
            FOR EACH ROW EXECUTE FUNCTION {layout.MirrorFunction}()
            """;
        yield return $"""
            CREATE TRIGGER {truncate} AFTER TRUNCATE ON {leader}
            FOR EACH STATEMENT EXECUTE FUNCTION {layout.TruncateFunction}()
            """;
        // Also under session_replication_role = replica.
        yield return $"ALTER TABLE {leader} ENABLE ALWAYS TRIGGER {row}, ENABLE ALWAYS TRIGGER {truncate}";
    }

    /// <summary>Takes the triggers off.</summary>
    public static IEnumerable<string> DropTriggers(QualifiedName leader) =>
        [
            $"DROP TRIGGER IF EXISTS {SqlText.Name(RowTrigger)} ON {leader}",
            $"DROP TRIGGER IF EXISTS {SqlText.Name(TruncateTrigger)} ON {leader}",
        ];

    /// <summary>Removes the functions; the triggers must be gone.</summary>
    public IEnumerable<string> DropFunctions() =>
        [$"DROP FUNCTION IF EXISTS {layout.MirrorFunction}()", $"DROP FUNCTION IF EXISTS {layout.TruncateFunction}()"];

    // 1. In READ COMMITTED every statement sees what is committed, and nothing below can fail for another row's sake.
    // 2. Above it, the follower's row may have been made or changed behind the snapshot's back by the copy or the
    // sweep:    the serialization failure that this gives is the mirror's own matter, and is noted instead of raised.
    private string Body(QualifiedName follower, MirrorMode mode)
    {
        string move = Move(follower, mode);
        string guarded = $"""
            BEGIN
            {move}
            EXCEPTION WHEN {(mode == MirrorMode.Reverse ? "OTHERS" : "serialization_failure OR unique_violation")} THEN
              {NoteBoth(withProblem: mode == MirrorMode.Reverse)}
            END;
            """;
        string body =
            mode == MirrorMode.Reverse
                ? guarded
                : $"""
                    IF pg_catalog.current_setting('transaction_isolation') LIKE 'read %' THEN
                    {move}
                    ELSE
                    {guarded}
                    END IF;
                    """;
        return $"""

            #variable_conflict use_column
            BEGIN
            {body}
            RETURN NULL;
            END
            """;
    }

    private string Move(QualifiedName follower, MirrorMode mode)
    {
        string also = mode == MirrorMode.Copying ? " OR TRUE" : "";
        string exact = $"{ConversionSql.Match(layout.Place, "t", "OLD")} AND {layout.SameImage("t", "OLD")}";
        string insert = $"""
            INSERT INTO {follower} ({_written}) OVERRIDING SYSTEM VALUE VALUES ({layout.Written("NEW")})
                ON CONFLICT DO NOTHING;
            """;
        string delete = $"DELETE FROM {follower} AS t WHERE {exact};";
        return $"""
            IF TG_OP = 'INSERT' THEN
              {insert}
              IF NOT FOUND THEN {Note("NEW")} END IF;
            ELSIF TG_OP = 'DELETE' THEN
              {delete}
              IF NOT FOUND{also} THEN {Note("OLD")} END IF;
            ELSIF {UniqueUnchanged()} THEN
              {Update(follower, exact)}
              IF NOT FOUND THEN {Note("OLD")} END IF;
            ELSE
              {delete}
              IF FOUND THEN
                {insert}
              END IF;
              IF NOT FOUND{also} THEN {NoteBoth(withProblem: false)} END IF;
            END IF;
            """;
    }

    private string UniqueUnchanged() =>
        $"{ConversionSql.Record(Moving(), "OLD")} OPERATOR(pg_catalog.*=) {ConversionSql.Record(Moving(), "NEW")}";

    // What an UPDATE in place may not or must not set.
    private IEnumerable<string> Moving() =>
        layout
            .Written.Where(column =>
                column.IsIdentityAlways
                || layout.Place.Contains(column.Name)
                || layout.UniqueColumns.Contains(column.Name)
            )
            .Select(column => column.Name);

    private string Update(QualifiedName follower, string exact)
    {
        List<string> set = layout.Written.Select(column => column.Name).Except(Moving()).ToList();
        return set.Count == 0
            ? $"PERFORM FROM {follower} AS t WHERE {exact};"
            : $"UPDATE {follower} AS t SET {Assignments(set)} WHERE {exact};";
    }

    private static string Assignments(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => $"{SqlText.Name(name)} = NEW.{SqlText.Name(name)}"));

    private string Note(string row, string problem = "NULL") =>
        $"INSERT INTO {layout.KeyLog} ({ConversionSql.List(layout.LogColumns)}, problem) "
        + $"VALUES ({ConversionSql.List(layout.Identity, row)}, {problem});";

    private string NoteBoth(bool withProblem)
    {
        string problem = withProblem ? "SQLSTATE" : "NULL";
        return $"""
            IF TG_OP <> 'INSERT' THEN {Note("OLD", problem)} END IF;
            IF TG_OP <> 'DELETE' THEN {Note("NEW", problem)} END IF;
            """;
    }

    // TRUNCATE holds ACCESS EXCLUSIVE on the leader, so nobody else is writing either table. If something of ours holds
    // the follower (an index being built), waiting for it would be the application's wait: rows are deleted instead. A
    // snapshot taken earlier may not see them all; then the whole table is noted, by an entry without an identity.
    private string TruncateBody(QualifiedName follower, MirrorMode mode)
    {
        string note =
            $"INSERT INTO {layout.KeyLog} ({ConversionSql.List(layout.LogColumns)}, problem) "
            + $"VALUES ({string.Join(", ", layout.LogColumns.Select(_ => "NULL"))}, 'TRUNCATE');";
        string noteEarlier =
            $"IF pg_catalog.current_setting('transaction_isolation') NOT LIKE 'read %' THEN {note} END IF;";
        string reverse =
            mode == MirrorMode.Reverse
                ? $"""
                    IF (SELECT c.relispartition FROM pg_catalog.pg_class AS c WHERE c.oid = TG_RELID) THEN
                      EXECUTE pg_catalog.concat('DELETE FROM {follower.ToString().Replace(
                        "'",
                        "''",
                        StringComparison.Ordinal
                    )} WHERE ',
                        pg_catalog.pg_get_partition_constraintdef(TG_RELID));
                      {noteEarlier}
                      RETURN NULL;
                    END IF;
                    """
                : "";
        string otherwise = mode == MirrorMode.Reverse ? $"WHEN OTHERS THEN {note}" : "";
        return $"""

            BEGIN
              BEGIN
                {reverse}
                LOCK TABLE {follower} IN ACCESS EXCLUSIVE MODE NOWAIT;
                TRUNCATE {follower};
              EXCEPTION WHEN lock_not_available THEN
                DELETE FROM {follower};
                {noteEarlier}
              {otherwise}
              END;
              RETURN NULL;
            END
            """;
    }
}
