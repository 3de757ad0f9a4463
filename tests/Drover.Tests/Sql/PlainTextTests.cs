// That the quick look before the scan never says "nothing" where the scan would say something.
using System.Text;
using Drover.Sql;

namespace Drover.Tests.Sql;

public sealed class PlainTextTests
{
    private static readonly string[] s_pieces =
    [
        "select",
        "ts_stat",
        "ts_rewrite",
        "query_to_xmlschema",
        "'a\\'",
        "create",
        "alter",
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

    [Theory]
    [InlineData("SELECT abalance FROM pgbench_accounts WHERE aid = 12345;")]
    [InlineData("UPDATE pgbench_accounts SET abalance = abalance + -42 WHERE aid = 7;")]
    public void Ordinary_text_is_plain(string sql) => Assert.True(PlainText.Is(Encoding.UTF8.GetBytes(sql)));

    [Fact]
    public void Quick_look_never_overlooks_what_the_scan_finds()
    {
        Random random = new(20251124);
        int plain = 0;
        for (int round = 0; round < 200_000; round++)
        {
            StringBuilder text = new();
            for (int count = random.Next(1, 14); count > 0; count--)
            {
                text.Append(s_pieces[random.Next(s_pieces.Length)]).Append(random.Next(3) == 0 ? "" : " ");
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
    [InlineData("ts_stat")]
    [InlineData("ts_rewrite")]
    [InlineData("query_to_xml")]
    [InlineData("\\'")]
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
}
