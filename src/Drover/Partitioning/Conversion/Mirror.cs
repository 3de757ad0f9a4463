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

    // So many noted rows of one transaction are made equal at its end.
    private const int SettledMax = 1000;

    private const string IsReadCommitted = "pg_catalog.current_setting('transaction_isolation') LIKE 'read %'";

    private readonly string _written = layout.Written();

    /// <summary>Makes or replaces both functions, so that they write to <paramref name="follower"/>.</summary>
    public IEnumerable<string> Functions(QualifiedName follower, MirrorMode mode)
    {
        // A plan for each row, which looks at the row's partition alone. One plan for all rows is half as dear in bulk,
        // but locks all partitions for each row, and is made anew, for all of them, in each session's first write and
        // in the first one after anything has happened to any of them: milliseconds, where a write takes a tenth.
        string plans = mode == MirrorMode.Reverse ? "force_generic_plan" : "force_custom_plan";
        yield return $"""
            CREATE OR REPLACE FUNCTION {layout.MirrorFunction}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp SET plan_cache_mode = {plans}
            AS $drover${Body(follower, mode)}$drover$
            """;
        yield return $"""
            CREATE OR REPLACE FUNCTION {layout.TruncateFunction}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $drover${TruncateBody(follower, mode)}$drover$
            """;
        yield return $"""
            CREATE OR REPLACE FUNCTION {layout.SettleFunction}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $drover${SettleBody(follower, mode)}$drover$
            """;
        foreach (QualifiedName function in OwnFunctions())
        {
            // Whoever may write the table fires the triggers; nobody needs to call them.
            yield return $"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC";
            yield return $"ALTER FUNCTION {function}() OWNER TO {SqlText.Name(layout.Owner)}";
        }
    }

    /// <summary>
    /// The bodies of both functions as they must be: what somebody else has put in their place is no mirror.
    /// </summary>
    public string[] Bodies(QualifiedName follower)
    {
        MirrorMode mode = follower == layout.OldTable ? MirrorMode.Reverse : MirrorMode.Following;
        return [Body(follower, mode), TruncateBody(follower, mode)];
    }

    /// <summary>Puts all of it back, towards a follower that is not being copied to any more.</summary>
    public IEnumerable<string> Restore(QualifiedName follower) =>
        [
            .. Functions(follower, follower == layout.OldTable ? MirrorMode.Reverse : MirrorMode.Following),
            .. DropTriggers(layout.Table),
            .. Triggers(layout.Table),
        ];

    /// <summary>
    /// Puts the triggers on the leader, or in place of those that are there. Takes SHARE ROW EXCLUSIVE, so all writers
    /// before it are over. The list of columns leaves no UPDATE out, also not one that sets only a generated column to
    /// DEFAULT and lets a trigger change others; it makes PostgreSQL refuse to drop a column that the function reads,
    /// or to change its type, which would fail every write.
    /// </summary>
    public IEnumerable<string> Triggers(QualifiedName leader)
    {
        string row = SqlText.Name(RowTrigger);
        string truncate = SqlText.Name(TruncateTrigger);
        string columns = ConversionSql.List(layout.Columns.Select(column => column.Name));
        yield return $"""
            CREATE OR REPLACE TRIGGER {row} AFTER INSERT OR UPDATE OF {columns} OR DELETE ON {leader}
            FOR EACH ROW EXECUTE FUNCTION {layout.MirrorFunction}()
            """;
        yield return $"""
            CREATE OR REPLACE TRIGGER {truncate} AFTER TRUNCATE ON {leader}
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

    /// <summary>Removes the functions; the triggers and the key log must be gone.</summary>
    public IEnumerable<string> DropFunctions() =>
        OwnFunctions().Select(function => $"DROP FUNCTION IF EXISTS {function}()");

    private QualifiedName[] OwnFunctions() => [layout.MirrorFunction, layout.TruncateFunction, layout.SettleFunction];

    // 1. In READ COMMITTED every statement sees what is committed, and nothing below can fail for another row's sake.
    // 2. Above it, the follower's row may have been made or changed behind the snapshot's back by the copy or the
    // sweep:    the serialization failure that this gives is the mirror's own matter, and is noted instead of raised.
    private string Body(QualifiedName follower, MirrorMode mode)
    {
        // Only in READ COMMITTED can a row be made equal when the transaction ends, and not beside the copy.
        string move = Move(follower, mode, mode == MirrorMode.Copying ? "false" : "true");
        string guarded = $"""
            BEGIN
            {Move(follower, mode, mode == MirrorMode.Reverse ? IsReadCommitted : "false")}
            EXCEPTION WHEN {(mode == MirrorMode.Reverse ? "OTHERS" : "serialization_failure OR unique_violation")} THEN
              {NoteProblem(mode)}
            END;
            """;
        string body =
            mode == MirrorMode.Reverse
                ? guarded
                : $"""
                    IF {IsReadCommitted} THEN
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

    private string Move(QualifiedName follower, MirrorMode mode, string settles)
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
              IF NOT FOUND THEN {Note("NEW", settles)} END IF;
            ELSIF TG_OP = 'DELETE' THEN
              {delete}
              IF NOT FOUND{also} THEN {Note("OLD", settles)} END IF;
            ELSIF {UniqueUnchanged()} THEN
              {Update(follower, exact)}
              IF NOT FOUND THEN {Note("OLD", settles)} END IF;
            ELSE
              {delete}
              IF FOUND THEN
                {insert}
              END IF;
              IF NOT FOUND{also} THEN {NoteBoth(settles)} END IF;
            END IF;
            """;
    }

    // As a sweep would do it. More rows than the limit are left to the sweep, so that a commit does not take for ever;
    // towards the old table, nothing that goes wrong is the application's matter.
    private string SettleBody(QualifiedName follower, MirrorMode mode)
    {
        string same =
            $"SELECT FROM {layout.Table} AS s WHERE {layout.MatchLog("s", "NEW")} AND {layout.SameImage("s", "t")}";
        string late = $"UPDATE {layout.KeyLog} AS l SET settles = false WHERE l.seq = NEW.seq;";
        string settle = $"""
            DELETE FROM {follower} AS t WHERE {layout.MatchLog("t", "NEW")} AND NOT EXISTS ({same});
            INSERT INTO {follower} ({_written}) OVERRIDING SYSTEM VALUE
            SELECT {layout.Written("s")} FROM {layout.Table} AS s WHERE {layout.MatchLog("s", "NEW")}
            ON CONFLICT DO NOTHING;
            IF NOT ({layout.EqualFor(layout.Table, follower, "NEW")}) THEN {late} END IF;
            """;
        return $"""

            #variable_conflict use_column
            DECLARE
              drover_settled int := COALESCE(NULLIF(current_setting('drover.settled', true), ''), '0')::int;
            BEGIN
              IF drover_settled < {SettledMax} THEN
                PERFORM set_config('drover.settled', (drover_settled + 1)::text, true);
                {(
                mode == MirrorMode.Reverse ? $"BEGIN {settle} EXCEPTION WHEN OTHERS THEN {late} END;" : settle
            )}
              ELSE
                {late}
              END IF;
              RETURN NULL;
            END
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

    private string Note(string row, string settles, string problem = "NULL") =>
        $"INSERT INTO {layout.KeyLog} ({ConversionSql.List(layout.LogColumns)}, settles, problem) "
        + $"VALUES ({ConversionSql.List(layout.Identity, row)}, {settles}, {problem});";

    private string NoteProblem(MirrorMode mode) =>
        mode != MirrorMode.Reverse
            ? NoteBoth("false")
            : $"""
                DECLARE
                  drover_constraint text;
                  drover_column text;
                BEGIN
                  GET STACKED DIAGNOSTICS drover_constraint = CONSTRAINT_NAME, drover_column = COLUMN_NAME;
                  {NoteBoth("false", RollbackProblem.Noted)}
                END;
                """;

    private string NoteBoth(string settles, string problem = "NULL") =>
        $"""
            IF TG_OP <> 'INSERT' THEN {Note("OLD", settles, problem)} END IF;
            IF TG_OP <> 'DELETE' THEN {Note("NEW", settles, problem)} END IF;
            """;

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
