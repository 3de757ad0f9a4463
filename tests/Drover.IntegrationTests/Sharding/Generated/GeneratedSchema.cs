// The tables of generated statements and their rows.
using System.Collections.Immutable;
using System.Globalization;

namespace Drover.IntegrationTests.Sharding.Generated;

/// <summary>A table as the generator knows it.</summary>
/// <param name="Name">In schema public.</param>
/// <param name="Key">The sharding key; null of a reference table.</param>
/// <param name="Group">Tables of one group are colocated.</param>
/// <param name="Columns">All of them, with their types.</param>
internal sealed record GeneratedTable(
    string Name,
    string? Key,
    int Group,
    ImmutableArray<(string Name, Kind Kind)> Columns
);

internal static class GeneratedSchema
{
    public const string Sql = """
        CREATE TABLE products (id bigint PRIMARY KEY, name text NOT NULL, price numeric(10, 2), size integer);
        CREATE TABLE customers (id bigint PRIMARY KEY, name text, city text, since date, score integer, vip boolean);
        CREATE TABLE orders (
            id bigint, customer_id bigint NOT NULL, product_id bigint, total numeric(10, 2), at timestamptz,
            status text, n integer, PRIMARY KEY (customer_id, id)
        );
        CREATE TABLE notes (tenant text NOT NULL, n integer, body text, day date, PRIMARY KEY (tenant, n))
        """;

    public static ImmutableArray<GeneratedTable> Tables { get; } =
    [
        new(
            "products",
            null,
            0,
            [("id", Kind.Bigint), ("name", Kind.Text), ("price", Kind.Numeric), ("size", Kind.Integer)]
        ),
        new(
            "customers",
            "id",
            1,
            [
                ("id", Kind.Bigint),
                ("name", Kind.Text),
                ("city", Kind.Text),
                ("since", Kind.Date),
                ("score", Kind.Integer),
                ("vip", Kind.Boolean),
            ]
        ),
        new(
            "orders",
            "customer_id",
            1,
            [
                ("id", Kind.Bigint),
                ("customer_id", Kind.Bigint),
                ("product_id", Kind.Bigint),
                ("total", Kind.Numeric),
                ("at", Kind.Timestamp),
                ("status", Kind.Text),
                ("n", Kind.Integer),
            ]
        ),
        new(
            "notes",
            "tenant",
            2,
            [("tenant", Kind.Text), ("n", Kind.Integer), ("body", Kind.Text), ("day", Kind.Date)]
        ),
    ];

    /// <summary>Statements that put the rows in; the same for the same seed.</summary>
    /// <param name="random">Where the values come from.</param>
    /// <param name="isReversed">The same rows in the other order, so that what depends on it shows.</param>
    public static IEnumerable<string> Fill(Random random, bool isReversed = false)
    {
        (string Table, string[][] Rows)[] all =
        [
            ("products", [.. Enumerable.Range(1, 8).Select(id => (string[])[$"{id}", .. Product(random)])]),
            ("customers", [.. Enumerable.Range(1, 24).Select(id => (string[])[$"{id}", .. Customer(random)])]),
            ("orders", [.. Enumerable.Range(1, 80).Select(id => Order(random, id))]),
            ("notes", [.. Enumerable.Range(0, 30).Select(i => Note(random, i))]),
        ];
        return all.Select(one => Insert(one.Table, isReversed ? one.Rows.Reverse() : one.Rows));
    }

    /// <summary>INSERT of rows whose values are written out.</summary>
    public static string Insert(string table, IEnumerable<string[]> rows) =>
        $"INSERT INTO {table} VALUES {string.Join(", ", rows.Select(static row => $"({string.Join(", ", row)})"))}";

    /// <summary>A row of orders.</summary>
    public static string[] Order(Random random, int id) =>
        [
            $"{id}",
            $"{random.Next(1, 28)}",
            Maybe(random, $"{random.Next(1, 11)}"),
            Maybe(random, Amount(random)),
            Maybe(random, $"'2024-0{random.Next(1, 4)}-{random.Next(10, 29)} {random.Next(10, 24)}:00+00'"),
            Maybe(random, $"'{Pick(random, "new", "paid", "sent", "lost")}'"),
            Maybe(random, $"{random.Next(-3, 6)}"),
        ];

    /// <summary>A row of notes.</summary>
    public static string[] Note(Random random, int number) =>
        [$"'{(char)('a' + (number % 10))}'", $"{number / 10}", Text(random), Day(random)];

    /// <summary>A row of products but its id.</summary>
    public static string[] Product(Random random) =>
        [Text(random, isNull: false), Amount(random), Maybe(random, $"{random.Next(5)}")];

    /// <summary>A row of customers but its id.</summary>
    public static string[] Customer(Random random) =>
        [
            Text(random),
            Maybe(random, $"'{Pick(random, "Bonn", "Kiel", "Ulm")}'"),
            Day(random),
            Maybe(random, $"{random.Next(-5, 20)}"),
            Maybe(random, Pick(random, "true", "false")),
        ];

    private static string Text(Random random, bool isNull = true)
    {
        string text = $"'{Pick(random, "a", "B", "b", "", "ab", "Äh", "x y", "%", "zz")}'";
        return isNull ? Maybe(random, text) : text;
    }

    private static string Day(Random random) =>
        Maybe(random, $"'202{random.Next(3, 6)}-0{random.Next(1, 10)}-{random.Next(10, 29)}'");

    private static string Amount(Random random) =>
        (random.Next(-500, 5000) / 100m).ToString("0.00", CultureInfo.InvariantCulture);

    private static string Maybe(Random random, string value) => random.Next(6) == 0 ? "NULL" : value;

    private static string Pick(Random random, params string[] texts) => texts[random.Next(texts.Length)];
}
