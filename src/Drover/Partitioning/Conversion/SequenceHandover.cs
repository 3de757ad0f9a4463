// Sequences at the swap: the table that takes the name goes on where the other one stood.
using System.Globalization;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Dependents;

namespace Drover.Partitioning.Conversion;

/// <summary>
/// A serial's sequence stays and changes its owner. An identity's belongs to its column, so the other column's goes on
/// from its number under its name. Whoever writes the table finds that one by the table, which he waited for; whoever
/// calls <c>nextval</c> at that very moment has looked the name up already and gets the next number of the old one when
/// the swap is done. So that this is nobody else's number too, the old one keeps a share of the numbers that lie ahead,
/// and has no more than these.
/// </summary>
/// <param name="table">The source, by its catalogs.</param>
/// <param name="layout">The tables.</param>
internal sealed class SequenceHandover(TableDescription table, ConversionLayout layout)
{
    // Of the share, for each session that the server may have: what it may ask for in its one statement.
    private const int NumbersPerSession = 10;

    /// <summary>In the swap, once the tables have exchanged their names.</summary>
    public IEnumerable<string> Hand(bool toNew)
    {
        QualifiedName other = toNew ? layout.OldTable : layout.NewTable;
        foreach (SequenceDescription sequence in table.Sequences.Where(sequence => sequence.OwnedByColumn is not null))
        {
            if (!sequence.IsIdentity)
            {
                string column = SqlText.Name(sequence.OwnedByColumn!);
                yield return $"ALTER SEQUENCE {sequence.Name} OWNED BY {layout.Table}.{column}";
                continue;
            }
            string leaves = toNew
                ? TargetIndexes.OldName(sequence.Name.Name)
                : TargetIndexes.NewName(sequence.Name.Name);
            yield return Exchange(sequence, other, leaves);
            foreach (string grant in GrantSql.OnSequence(sequence.Name, sequence.Owner, sequence.Access))
            {
                yield return grant;
            }
            string comment = sequence.Comment is { } text ? SqlText.Literal(text) : "NULL";
            yield return $"COMMENT ON SEQUENCE {sequence.Name} IS {comment}";
        }
    }

    // 1. The new name's lock keeps everybody else's nextval out. 2. The one that takes the name has its whole range,
    // which it has lost if it was the old one once. 3. The share, if it fits in; else the old one has nothing left.
    private string Exchange(SequenceDescription sequence, QualifiedName other, string leaves)
    {
        string column = SqlText.Literal(sequence.OwnedByColumn!);
        // An owner may have taken privileges from itself; what the new one has in the end is given afterwards.
        string ownersOwn = sequence.Access.IsDefault
            ? ""
            : $"EXECUTE format('GRANT ALL ON SEQUENCE %s, %s TO %I', was, now, {SqlText.Literal(sequence.Owner)});";
        string cycle = sequence.IsCycling ? "CYCLE" : "NO CYCLE";
        (string bound, long most) =
            sequence.Increment > 0 ? ("MAXVALUE", sequence.Maximum) : ("MINVALUE", sequence.Minimum);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            DO $drover$
            DECLARE
              was regclass := pg_get_serial_sequence({SqlText.Literal(other.ToString())}, {column});
              now regclass := pg_get_serial_sequence({SqlText.Literal(layout.Table.ToString())}, {column});
              number bigint; called boolean;
              share numeric := current_setting('max_connections')::numeric
                * {NumbersPerSession} * {sequence.Cache} * ({sequence.Increment});
            BEGIN
              {ownersOwn}
              EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', was, {SqlText.Literal(leaves)});
              EXECUTE format('SELECT last_value, is_called FROM %s', was) INTO number, called;
              EXECUTE format('ALTER SEQUENCE %s START {sequence.Start} '
                'MINVALUE {sequence.Minimum} MAXVALUE {sequence.Maximum} {cycle}', now);
              IF abs({most}::numeric - number) > abs(share) * 2 THEN
                EXECUTE format('ALTER SEQUENCE %s {bound} %s START %s NO CYCLE', was, number + share, number);
                number := number + share;
                called := true;
              ELSIF called THEN
                EXECUTE format('ALTER SEQUENCE %1$s {bound} %2$s START %2$s NO CYCLE', was, number);
              END IF;
              PERFORM setval(now, number, called);
              EXECUTE format('ALTER SEQUENCE %s RENAME TO %I', now, {SqlText.Literal(sequence.Name.Name)});
            END $drover$
            """
        );
    }
}
