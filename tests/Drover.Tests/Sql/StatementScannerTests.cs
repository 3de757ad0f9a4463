// What the scanner says of texts, and that the quick look before it never says "nothing" where it would say something.
using System.Text;
using Drover.Sql;

namespace Drover.Tests.Sql;

public sealed class StatementScannerTests
{
    [Theory]
    [InlineData("SELECT abalance FROM pgbench_accounts WHERE aid = 12345;")]
    [InlineData("  \n select * from order_items where note = 'a;b' and attempts > 3 ")]
    [InlineData("UPDATE pgbench_accounts SET abalance = abalance + -42 WHERE aid = 7;")]
    [InlineData("select 1")]
    public void Ordinary_text_touches_nothing(string sql) => Assert.Equal(StatementTraits.None, Scan(sql));

    [Theory]
    [InlineData("SET search_path = 'a, b, c, d', pg_catalog")]
    [InlineData("select pg_catalog.SET_CONFIG('app.tenant', '4711', false)")]
    [InlineData("select pg_try_Advisory_lock(4711) from generate_series(1, 1)")]
    [InlineData("create TEMP table t as select 1 as one, 2 as two")]
    [InlineData("select one, two, three from four where five = 6;listen c")]
    [InlineData("select one, two, three from four where five = 6; do ''")]
    [InlineData("-- a comment in front\nlisten channel_of_the_client")]
    [InlineData("do'begin perform set_config(''a.b'', ''c'', false); end'")]
    [InlineData("insert into a_table_of_some_length select pg_temp.f(1)")]
    public void Telling_text_is_seen(string sql) => Assert.NotEqual(StatementTraits.None, Scan(sql));

    [Fact]
    public void Quick_look_never_overlooks_what_the_scan_finds()
    {
        string[] pieces =
        [
            "select",
            "set",
            "SET",
            "x",
            "temp",
            "TEMPORARY",
            "pg_temp",
            "default",
            "set_config",
            "pg_advisory_lock",
            "do",
            "listen",
            "reset",
            "'a;b'",
            "\"temp\"",
            ";",
            " ",
            "\n",
            "--c\n",
            "/*;*/",
            "$a$;$a$",
            "(",
            ",",
            "12",
            "e'\\''",
            "é",
            "pg_try_advisory_xact_lock",
            "execute",
            "from",
            "abalance",
            "item",
            "faulty",
            "T_CO",
            "\t",
            "discard",
            "call",
        ];
        Random random = new(20251124);
        int plain = 0;
        for (int round = 0; round < 100_000; round++)
        {
            StringBuilder text = new();
            for (int count = random.Next(1, 14); count > 0; count--)
            {
                text.Append(pieces[random.Next(pieces.Length)]).Append(random.Next(3) == 0 ? "" : " ");
            }
            byte[] sql = Encoding.UTF8.GetBytes(text.ToString());
            if (PlainText.Is(sql))
            {
                plain++;
                Assert.True(StatementScanner.ScanWords(sql) == StatementTraits.None, text.ToString());
            }
        }
        Assert.True(plain > 500, $"only {plain} texts were plain: the comparison shows nothing");
    }

    [Theory]
    [InlineData("temp")]
    [InlineData("default")]
    [InlineData("set_config")]
    [InlineData("pg_advisory_lock")]
    [InlineData(";")]
    public void Quick_look_finds_a_piece_at_every_place(string piece)
    {
        for (int place = 7; place < 60; place++)
        {
            StringBuilder text = new StringBuilder("select ").Append('a', 60);
            text.Remove(place, Math.Min(piece.Length, text.Length - place)).Insert(place, piece);
            Assert.False(PlainText.Is(Encoding.UTF8.GetBytes(text.Append('b').ToString())), text.ToString());
        }
    }

    private static StatementTraits Scan(string sql) => StatementScanner.Scan(Encoding.UTF8.GetBytes(sql));
}
