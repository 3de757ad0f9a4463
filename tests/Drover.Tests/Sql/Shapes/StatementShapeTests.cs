// Which texts are one statement but for their values, and which are two.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

public sealed class StatementShapeTests
{
    private static readonly ShapeContext Public = new("public"u8, 1);

    [Theory]
    [InlineData("SELECT a FROM t WHERE k = 42", "select  a\nfrom t where k=7 -- c")]
    [InlineData("SELECT a FROM t WHERE k = 'x'", "SELECT a FROM t WHERE k = E'it\\'s'")]
    [InlineData("SELECT a FROM t WHERE k = 'x'", "SELECT a FROM t WHERE k = $$y$$")]
    [InlineData("SELECT a FROM t WHERE k = 5", "SELECT a FROM t WHERE k = -5")]
    [InlineData("SELECT f(5)", "SELECT f(- 6)")]
    [InlineData("SELECT a FROM t WHERE k = 2147483647", "SELECT a FROM t WHERE k = -2147483647")]
    [InlineData("SELECT a FROM t WHERE k IN (1, 2)", "SELECT a FROM t WHERE k IN (3, -4, 5, 6)")]
    [InlineData("SELECT a FROM t WHERE k IN ($1, $2)", "SELECT a FROM t WHERE k IN ($1, $2, $3)")]
    [InlineData("SELECT a FROM t WHERE k = ANY (ARRAY[1, 2])", "SELECT a FROM t WHERE k = ANY (ARRAY[1, 2, 3])")]
    [InlineData("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "INSERT INTO t VALUES (-1, 'a'), (2, 'b'), (3, 'c')")]
    [InlineData("INSERT INTO t VALUES (1, 'a'), (NULL, 'b')", "INSERT INTO t VALUES (NULL, 'x'), (7, 'b'), (8, 'b')")]
    [InlineData(
        "INSERT INTO t VALUES (1, now()), (2, now())",
        "INSERT INTO t VALUES (1, now()), (2, now()), (3, now())"
    )]
    [InlineData("SELECT n'x'", "SELECT nchar 'y'")]
    public void These_have_one_shape(string one, string other) => Assert.Equal(Shape(one), Shape(other));

    [Theory]
    [InlineData("SELECT a FROM t WHERE k = 42", "SELECT a FROM t WHERE k = '42'")]
    [InlineData("SELECT a FROM t WHERE k = 42", "SELECT a FROM t WHERE k = 4200000000")]
    [InlineData("SELECT a FROM t WHERE k = 42", "SELECT a FROM t WHERE k = 4.2")]
    [InlineData("SELECT a FROM t WHERE k = B'1'", "SELECT a FROM t WHERE k = X'1'")]
    [InlineData("SELECT a FROM t WHERE k = $1", "SELECT a FROM t WHERE k = $2")]
    [InlineData("SELECT a FROM t WHERE k = -5::int", "SELECT a FROM t WHERE k = 5::int")]
    [InlineData("SELECT a FROM t WHERE k = 2147483648", "SELECT a FROM t WHERE k = -2147483648")]
    [InlineData("SELECT a FROM t WHERE k = 5", "SELECT a FROM t WHERE k = -2147483648")]
    [InlineData("SELECT 2147483648", "SELECT 2147483649")]
    [InlineData("SELECT a FROM t", "SELECT \"a\" FROM t")]
    [InlineData("SELECT \"A\" FROM t", "SELECT \"a\" FROM t")]
    [InlineData("SELECT a b FROM t", "SELECT ab FROM t")]
    [InlineData("SELECT a, b", "SELECT a b")]
    [InlineData("SELECT a <= b", "SELECT a < = b")]
    [InlineData("SELECT n'x'", "SELECT n 'x'")]
    [InlineData("SELECT a FROM t WHERE k IN (1)", "SELECT a FROM t WHERE k IN (1, 2)")]
    [InlineData("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1), (2)")]
    [InlineData("INSERT INTO t VALUES (1, 2)", "INSERT INTO t VALUES (1, 2, 3)")]
    [InlineData("INSERT INTO t VALUES (1, now()), (2, now())", "INSERT INTO t VALUES (1, now()), (2, clock())")]
    [InlineData("SELECT 1", "SELECT /* drover: shard=2 */ 1")]
    [InlineData("SELECT 1", "SELECT 1; SELECT 1")]
    [InlineData("SELECT true", "SELECT false")]
    public void These_have_two(string one, string other) => Assert.NotEqual(Shape(one), Shape(other));

    [Fact]
    public void Search_path_epoch_and_kind_of_strings_are_part_of_the_shape()
    {
        ShapeContext[] contexts =
        [
            Public,
            new ShapeContext("public, other"u8, 1),
            new ShapeContext("public"u8, 2),
            new ShapeContext("public"u8, 1, conformingStrings: false),
        ];
        Assert.Equal(4, contexts.Select(static context => Shape("SELECT 1", context)).Distinct().Count());
    }

    [Fact]
    public void Literals_are_found_again_by_their_place()
    {
        const string Sql = "INSERT INTO t (a, b) VALUES (1, 'x'), (-2, NULL) ON CONFLICT (a) DO UPDATE SET b = 'y'";
        ShapeBuffer buffer = Build(Sql, Public);
        Assert.Equal(["1|-2", "'x'|NULL", "'y'"], buffer.Slots.ToArray().Select(slot => Texts(Sql, buffer, slot)));
    }

    [Fact]
    public void Rows_with_expressions_give_their_literals_by_column()
    {
        const string Sql = "INSERT INTO t VALUES (1, now(), 'a'::text), (2, now(), 'b'::text), (3, now(), 'c'::text)";
        ShapeBuffer buffer = Build(Sql, Public);
        Assert.Equal(["1|2|3", "'a'|'b'|'c'"], buffer.Slots.ToArray().Select(slot => Texts(Sql, buffer, slot)));
    }

    [Fact]
    public void Literals_that_decide_make_another_key()
    {
        byte[] five = "SELECT a FROM t LIMIT 5"u8.ToArray();
        byte[] six = "SELECT a FROM t LIMIT 6"u8.ToArray();
        ShapeBuffer one = Build(Encoding.UTF8.GetString(five), Public);
        ShapeBuffer other = Build(Encoding.UTF8.GetString(six), Public);
        Assert.True(one.Key.SequenceEqual(other.Key));
        StatementShape.AppendValues(five, one, [0]);
        StatementShape.AppendValues(six, other, [0]);
        Assert.False(one.Key.SequenceEqual(other.Key));
    }

    [Theory]
    [InlineData("SELECT 'a")]
    [InlineData("SELECT {")]
    [InlineData("SELECT 1a")]
    public void What_is_not_SQL_has_no_shape(string sql) =>
        Assert.False(StatementShape.TryBuild(Encoding.UTF8.GetBytes(sql), Public, new ShapeBuffer()));

    [Fact]
    public void A_shape_beyond_its_bounds_is_none()
    {
        string names = string.Join(", ", Enumerable.Range(0, 20_000).Select(static i => $"column_{i}"));
        string numbers = string.Join(" + ", Enumerable.Range(0, ShapeLimits.SlotsMax + 1));
        string rows = string.Join(", ", Enumerable.Repeat("(1, 2, 'abc', -4)", 50_000));
        ShapeBuffer buffer = new();
        Assert.False(StatementShape.TryBuild(Encoding.UTF8.GetBytes($"SELECT {names}"), Public, buffer));
        Assert.False(StatementShape.TryBuild(Encoding.UTF8.GetBytes($"SELECT {numbers}"), Public, buffer));
        Assert.True(StatementShape.TryBuild(Encoding.UTF8.GetBytes($"INSERT INTO t VALUES {rows}"), Public, buffer));
        Assert.Equal(200_000, buffer.ItemCount);
        Assert.True(StatementShape.TryBuild("SELECT 1"u8, Public, buffer));
    }

    private static string Shape(string sql, ShapeContext? context = null) =>
        Convert.ToHexString(Build(sql, context ?? Public).Key);

    private static ShapeBuffer Build(string sql, ShapeContext context)
    {
        ShapeBuffer buffer = new();
        Assert.True(StatementShape.TryBuild(Encoding.UTF8.GetBytes(sql), context, buffer), sql);
        return buffer;
    }

    private static string Texts(string sql, ShapeBuffer buffer, ShapeSlot slot) =>
        string.Join(
            '|',
            Enumerable
                .Range(0, slot.Count)
                .Select(i => buffer.Items[slot[i]])
                .Select(item => sql.Substring(item.Start, item.Length))
        );
}
