// Statements of one structure with other literals, from two seeds.
namespace Drover.Tests.Sql.Statements;

/// <summary>
/// The structure follows from one seed, the literals, their spelling and the lengths of lists from the other.
/// </summary>
internal sealed class RandomSql(int structure, int literals)
{
    private static readonly string[] Columns = ["k", "a", "t.b", "u.k", "\"C\"", "created_at"];
    private static readonly string[] Operators = ["=", "<", ">=", "<>", "+", "-", "*", "/", "||", "%", "->>", "@>"];
    private static readonly string[] Types =
    [
        "int",
        "bigint",
        "text",
        "varchar(10)",
        "numeric(8, 2)",
        "int[]",
        "interval",
    ];

    private readonly Random _structure = new(structure);
    private readonly Random _literals = new(literals);

    public string Statement() =>
        _structure.Next(6) switch
        {
            0 => $"INSERT INTO t (k, a) VALUES {Rows()}{Maybe(" ON CONFLICT (k) DO UPDATE SET a = ", Literal)}",
            1 => $"UPDATE t SET a = {Expression(2)} WHERE {Condition(2)}",
            2 => $"DELETE FROM t WHERE {Condition(2)}",
            3 => $"INSERT INTO t (k, a) {Select(1)}",
            _ => Select(2),
        };

    private string Select(int depth)
    {
        string list = string.Join(
            ", ",
            Enumerable.Range(0, 1 + _structure.Next(3)).Select(_ => Expression(depth)).ToArray()
        );
        return $"SELECT {list} FROM t JOIN u ON t.k = u.k{Maybe(" AND ", () => Condition(1))}"
            + Maybe(" WHERE ", () => Condition(depth))
            + Maybe(" GROUP BY ", () => Expression(1))
            + Maybe(" HAVING ", () => Condition(1))
            + Maybe(" ORDER BY ", () => Expression(1))
            + Maybe(" LIMIT ", Literal);
    }

    private string Maybe(string before, Func<string> what) => _structure.Next(3) == 0 ? before + what() : "";

    private string Condition(int depth) =>
        (depth == 0 ? 0 : _structure.Next(9)) switch
        {
            1 => $"{Condition(depth - 1)} AND {Condition(depth - 1)}",
            2 => $"({Condition(depth - 1)} OR {Condition(depth - 1)})",
            3 => $"NOT {Column()} IS NULL",
            4 => $"{Column()} IN ({List()})",
            5 => $"{Column()} = ANY (ARRAY[{List()}])",
            6 => $"{Column()} BETWEEN {Literal()} AND {Literal()}",
            7 => $"EXISTS (SELECT 1 FROM u AS v WHERE v.k = t.k AND {Condition(depth - 1)})",
            8 => $"(t.k, {Column()}) IN (({Literal()}, {Literal()}), ({Literal()}, {Literal()}))",
            _ => $"{Column()} {(_structure.Next(2) == 0 ? "=" : "<")} {Expression(Math.Min(depth, 1))}",
        };

    private string Expression(int depth) =>
        (depth == 0 ? _structure.Next(2) : _structure.Next(9)) switch
        {
            0 => Column(),
            2 => $"({Expression(depth - 1)} {Operators[_structure.Next(Operators.Length)]} {Expression(depth - 1)})",
            3 => $"f({Expression(depth - 1)}, {Literal()})",
            4 => $"{Literal()}::{Types[_structure.Next(Types.Length)]}",
            5 => $"({Expression(depth - 1)})",
            6 => $"- {Expression(depth - 1)}",
            7 => $"CASE WHEN {Condition(depth - 1)} THEN {Literal()} ELSE {Expression(depth - 1)} END",
            8 => $"coalesce({Column()}, {Literal()})",
            _ => Literal(),
        };

    private string Column() => Columns[_structure.Next(Columns.Length)];

    private string Rows()
    {
        bool isSimple = _structure.Next(2) == 0;
        int seed = _structure.Next();
        return string.Join(
            ", ",
            Enumerable
                .Range(0, 1 + _literals.Next(4))
                .Select(_ =>
                {
                    // Every row has the structure of the first.
                    RandomSql row = new(seed, _literals.Next());
                    return isSimple ? $"({row.Literal()}, {row.Literal()})" : $"({row.Literal()}, {row.Expression(2)})";
                })
                .ToArray()
        );
    }

    private string List() =>
        string.Join(", ", Enumerable.Range(0, 1 + _literals.Next(4)).Select(_ => Literal()).ToArray());

    private string Literal() =>
        _literals.Next(14) switch
        {
            0 => "2147483648",
            1 => "-2147483648",
            2 => "9223372036854775808",
            3 => "3000000000",
            4 => "1.5",
            5 => "NULL",
            6 => "$1",
            7 => "'it''s'",
            8 => "E'\\''",
            9 => "B'01'",
            10 => $"-{_literals.Next(100)}",
            11 => $"'{_literals.Next(100)}'",
            _ => $"{_literals.Next(100)}",
        };
}
