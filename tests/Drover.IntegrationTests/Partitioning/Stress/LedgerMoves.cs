// What a writer may do with a key: each kind of write there is, with what it must do to the table.
namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>A statement and the number of rows that it must report; null: it is not looked at.</summary>
internal sealed record LedgerStatement(string Sql, int? Rows);

/// <summary>Makes statements, and notes their effect in the transaction.</summary>
/// <param name="tally">The writer's keys.</param>
/// <param name="random">Chooses.</param>
internal sealed class LedgerMoves(LedgerTally tally, Random random)
{
    private static readonly string s_columns = string.Join(", ", LedgerRow.Columns);

    /// <summary>A write of one key, sometimes of two or more.</summary>
    public IEnumerable<LedgerStatement> Next(LedgerTransaction transaction)
    {
        long id = Key();
        if (transaction[id] is not { } row)
        {
            return random.Next(6) == 0 ? InVain(id) : [Insert(transaction, id)];
        }
        return random.Next(12) switch
        {
            0 or 1 => [SetOne(transaction, id, row, AnyColumn(), toNull: true)],
            2 => [SetOne(transaction, id, row, AnyColumn(), toNull: false)],
            3 => [SetAll(transaction, id)],
            4 => [Delete(transaction, id)],
            5 => [Delete(transaction, id), Insert(transaction, id)],
            6 or 7 => [Move(transaction, id, row)],
            8 => [Upsert(transaction, id, row)],
            9 => [Merge(transaction, id)],
            10 => Rename(transaction, id, row),
            _ => HandOver(transaction, id, row),
        };
    }

    /// <summary>One more on a hot row, sometimes in another month, beside a change by which it is known.</summary>
    public IEnumerable<LedgerStatement> Count(LedgerTransaction transaction)
    {
        long id = Key();
        yield return transaction[id] is { } row
            ? SetOne(transaction, id, row, LedgerRow.Number, toNull: false)
            : Insert(transaction, id);
        int hot = random.Next(Ledger.HotRows) + 1;
        transaction.Hot = hot;
        string at = random.Next(4) == 0 ? $", at = '{LedgerRow.Instant(random.Next(24 * 50))}'" : "";
        yield return new($"UPDATE ledger SET n = n + 1{at} WHERE id = {-hot}", 1);
    }

    /// <summary>An insert that must fail, since its place is taken; null: the row is not there.</summary>
    public string? Collide(LedgerTransaction transaction)
    {
        long id = Key();
        return transaction[id] is { } row ? Ledger.Insert(id, row.With(LedgerRow.Token, tally.NextToken())) : null;
    }

    private long Key() => tally.Keys[random.Next(tally.Keys.Count)];

    private LedgerRow NewRow() => LedgerRow.Random(random, tally.NextToken());

    private static IEnumerable<LedgerStatement> InVain(long id) =>
        [
            new($"DELETE FROM ledger WHERE id = {id}", 0),
            new($"UPDATE ledger SET n = 1, at = at + interval '1 month' WHERE id = {id}", 0),
        ];

    private LedgerStatement Insert(LedgerTransaction transaction, long id)
    {
        LedgerRow row = NewRow();
        transaction[id] = row;
        string end = random.Next(3) == 0 ? " ON CONFLICT DO NOTHING" : "";
        return new(Ledger.Insert(id, row) + end, 1);
    }

    private static LedgerStatement Delete(LedgerTransaction transaction, long id)
    {
        transaction[id] = null;
        return new($"DELETE FROM ledger WHERE id = {id}", 1);
    }

    private int AnyColumn() => random.Next(1, LedgerRow.Columns.Length);

    private LedgerStatement SetOne(LedgerTransaction transaction, long id, LedgerRow row, int column, bool toNull)
    {
        string? value = toNull ? null : LedgerRow.Value(random, column, tally.NextToken());
        transaction[id] = row.With(column, value);
        return new($"UPDATE ledger SET {LedgerRow.Columns[column]} = {LedgerRow.Literal(value)} WHERE id = {id}", 1);
    }

    private LedgerStatement SetAll(LedgerTransaction transaction, long id)
    {
        LedgerRow row = NewRow();
        transaction[id] = row;
        return new($"UPDATE ledger SET {row.Assignments()} WHERE id = {id}", 1);
    }

    private LedgerStatement Move(LedgerTransaction transaction, long id, LedgerRow row)
    {
        string at = LedgerRow.Value(random, LedgerRow.At, "");
        transaction[id] = row.With(LedgerRow.At, at);
        return new($"UPDATE ledger SET at = '{at}' WHERE id = {id}", 1);
    }

    // By the constraint's name and with the key that the row has: that finds it in a plain table and a partitioned one.
    private LedgerStatement Upsert(LedgerTransaction transaction, long id, LedgerRow row)
    {
        LedgerRow next = NewRow().With(LedgerRow.At, row[LedgerRow.At]);
        transaction[id] = next;
        string set = string.Join(", ", LedgerRow.Columns[1..].Select(name => $"{name} = EXCLUDED.{name}"));
        return new($"{Ledger.Insert(id, next)} ON CONFLICT ON CONSTRAINT ledger_pkey DO UPDATE SET {set}", 1);
    }

    private LedgerStatement Merge(LedgerTransaction transaction, long id)
    {
        LedgerRow next = NewRow();
        transaction[id] = next;
        return new(
            $"MERGE INTO ledger AS t USING (VALUES ({id}::bigint)) AS s (id) ON t.id = s.id "
                + $"WHEN MATCHED THEN UPDATE SET {next.Assignments()} "
                + $"WHEN NOT MATCHED THEN INSERT (id, owner, {s_columns}) VALUES (s.id, 1, {next.Literals()})",
            null
        );
    }

    private IEnumerable<LedgerStatement> Rename(LedgerTransaction transaction, long id, LedgerRow row)
    {
        long free = Key();
        if (transaction[free] is not null)
        {
            return [Move(transaction, id, row)];
        }
        transaction[id] = null;
        transaction[free] = row;
        return [new($"UPDATE ledger SET id = {free} WHERE id = {id}", 1)];
    }

    // A unique value goes from one row to another, and the other's is gone.
    private IEnumerable<LedgerStatement> HandOver(LedgerTransaction transaction, long id, LedgerRow row)
    {
        long other = Key();
        if (other == id || transaction[other] is not { } taker || row[LedgerRow.Token] is not { } token)
        {
            return [SetAll(transaction, id)];
        }
        transaction[id] = row.With(LedgerRow.Token, null);
        transaction[other] = taker.With(LedgerRow.Token, token);
        return
        [
            new($"UPDATE ledger SET token = NULL WHERE id = {id}", 1),
            new($"UPDATE ledger SET token = '{token}' WHERE id = {other}", 1),
        ];
    }
}
