// Random writes and transactions over the generated tables.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Sharding.Generated;

internal sealed class WriteGenerator(Random random)
{
    private static readonly string[] s_changed = ["customers", "orders", "orders", "notes"];

    private readonly QueryGenerator _queries = new(random);
    private int _inserted;

    /// <summary>A statement, and the values of its parameters if it has some.</summary>
    /// <param name="isInTransaction">Whether BEGIN has run.</param>
    /// <param name="hasParameters">Whether values may be parameters.</param>
    public (string Sql, string[] Values) Next(bool isInTransaction, bool hasParameters)
    {
        int kind = random.Next(100);
        if (kind < 20)
        {
            return (Control(isInTransaction), []);
        }
        GeneratedTable table = Table(s_changed[random.Next(s_changed.Length)]);
        SqlWriter writer = new(hasParameters);
        return kind switch
        {
            < 45 => (Insert(), []),
            < 52 => (InsertSelect(), []),
            < 75 => Update(table, writer),
            < 85 => Delete(table, writer),
            _ => _queries.Next().ToSql(hasParameters),
        };
    }

    private static GeneratedTable Table(string name) => GeneratedSchema.Tables.First(table => table.Name == name);

    private string Control(bool isInTransaction) =>
        !isInTransaction
            ? "BEGIN"
            : random.Next(6) switch
            {
                0 => "ROLLBACK",
                1 => "SAVEPOINT s",
                2 => "ROLLBACK TO s",
                _ => "COMMIT",
            };

    private string Insert()
    {
        string sql;
        string conflict;
        if (random.Next(3) == 0)
        {
            sql = GeneratedSchema.Insert("notes", Rows(() => GeneratedSchema.Note(random, random.Next(120))));
            conflict = " ON CONFLICT (tenant, n) DO UPDATE SET body = excluded.body || notes.body";
        }
        else
        {
            sql = GeneratedSchema.Insert("orders", Rows(() => GeneratedSchema.Order(random, random.Next(200))));
            conflict = " ON CONFLICT (customer_id, id) DO UPDATE SET n = excluded.n, total = orders.total";
        }
        sql += random.Next(4) switch
        {
            0 => " ON CONFLICT DO NOTHING",
            1 => conflict,
            _ => "",
        };
        return sql + (random.Next(3) == 0 ? " RETURNING *" : "");
    }

    private IEnumerable<string[]> Rows(Func<string[]> make) =>
        Enumerable.Range(0, random.Next(1, 5)).Select(_ => make());

    private string InsertSelect()
    {
        string where = random.Next(2) == 0 ? $"WHERE customer_id = {random.Next(1, 28)}" : "WHERE n > 3";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"INSERT INTO orders (id, customer_id) SELECT id + {++_inserted * 10_000}, customer_id FROM orders {where}"
        );
    }

    private (string Sql, string[] Values) Update(GeneratedTable table, SqlWriter writer)
    {
        (string name, Kind kind) = Changeable(table);
        writer.Text.Append(CultureInfo.InvariantCulture, $"UPDATE {table.Name} t SET {name} = ");
        _queries.Value(kind, table, "t").Write(writer);
        return Where(table, writer);
    }

    private (string Sql, string[] Values) Delete(GeneratedTable table, SqlWriter writer)
    {
        writer.Text.Append(CultureInfo.InvariantCulture, $"DELETE FROM {table.Name} t");
        return Where(table, writer, isAlways: true);
    }

    private (string Sql, string[] Values) Where(GeneratedTable table, SqlWriter writer, bool isAlways = false)
    {
        ImmutableArray<Term> terms = _queries.Where(table, "t");
        if (terms.IsEmpty && isAlways)
        {
            terms = [Term.Of(Kind.Boolean, $"t.{table.Key} IS NULL")];
        }
        if (!terms.IsEmpty)
        {
            writer.Text.Append(" WHERE ");
            writer.Join(" AND ", terms, term => term.Write(writer));
        }
        writer.Text.Append(random.Next(3) == 0 ? " RETURNING *" : "");
        return (writer.Text.ToString(), [.. writer.Values]);
    }

    /// <summary>A column that is in no key.</summary>
    private (string Name, Kind Kind) Changeable(GeneratedTable table)
    {
        (string Name, Kind Kind)[] columns =
        [
            .. table.Columns.Where(column =>
                column.Name != table.Key && column.Name != "id" && !(table.Name == "notes" && column.Name == "n")
            ),
        ];
        return columns[random.Next(columns.Length)];
    }
}
