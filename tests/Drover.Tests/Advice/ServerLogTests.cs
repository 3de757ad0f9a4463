// Entries of csvlog and jsonlog, whole and torn anywhere: each is read once, and nothing else is taken for one.
using System.Text;
using System.Text.Json;
using Drover.Advice.Plans;

namespace Drover.Tests.Advice;

public sealed class ServerLogTests
{
    // As PostgreSQL 18 writes them; the second holds what looks like the beginning of another.
    private static readonly string[] s_csv =
    [
        Csv("connection received: host=[local]", "0"),
        Csv("duration: 0.1 ms  plan:\nQuery Text: SELECT \"\"a,b\"\"\n2026-11-27 10:00:00.000 UTC,x\n", "-7"),
        Csv("duration: 0.2 ms  plan:\n{\n  \"\"Query Text\"\": 1\n}", "9"),
        Csv("checkpoint starting: time", ""),
    ];

    private static readonly LoggedPlan[] s_plans =
    [
        new(-7, "my", "duration: 0.1 ms  plan:\nQuery Text: SELECT \"a,b\"\n2026-11-27 10:00:00.000 UTC,x\n", "a, b"),
        new(9, "my", "duration: 0.2 ms  plan:\n{\n  \"Query Text\": 1\n}", "a, b"),
    ];

    private static readonly string s_json =
        Json("connection received", "0")
        + string.Concat(s_plans.Select(static one => Json(one.Message, $"{one.Statement}")))
        + """
            {"dbname":"x","message":"no id  plan:\n"}
            {"dbname":"x","message":17,"query_id":9, "x":"  plan:"}
            {"dbname":"x","message":"  plan:","query_id":"9"}
            ["  plan:"]
            {"dbname":  plan: cut

            """;

    private delegate List<LoggedPlan> Reader(ReadOnlyMemory<byte> piece, ref bool isTorn, out int taken);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_entry_is_read_once_wherever_the_pieces_end(bool isCsv)
    {
        (byte[] bytes, Reader read) = LogOf(isCsv);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            bool isTorn = false;
            List<LoggedPlan> plans = read(bytes.AsMemory(0, cut), ref isTorn, out int taken);
            Assert.False(isTorn);
            Assert.InRange(taken, 0, cut);
            plans.AddRange(read(bytes.AsMemory(taken), ref isTorn, out int rest));
            Assert.Equal(s_plans, plans);
            Assert.Equal(bytes.Length, taken + rest);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Piece_that_begins_within_an_entry_is_read_from_the_next_one(bool isCsv)
    {
        (byte[] bytes, Reader read) = LogOf(isCsv);
        byte[] last = Encoding.UTF8.GetBytes("duration: 0.2 ms");
        int behind = bytes.AsSpan().IndexOf(last);
        for (int start = 1; start < behind - 200; start++)
        {
            bool isTorn = true;
            List<LoggedPlan> plans = read(bytes.AsMemory(start), ref isTorn, out int taken);
            Assert.False(isTorn);
            Assert.Equal(bytes.Length, start + taken);
            Assert.True(plans.Count <= s_plans.Length);
        }
        bool isStillTorn = true;
        Assert.Empty(read("no end of a line, "u8.ToArray(), ref isStillTorn, out int all));
        Assert.True(isStillTorn);
        Assert.Equal("no end of a line, ".Length, all);
    }

    private static (byte[] Bytes, Reader Read) LogOf(bool isCsv) =>
        isCsv
            ? (Encoding.UTF8.GetBytes(string.Concat(s_csv)), ServerLog.ReadCsv)
            : (Encoding.UTF8.GetBytes(s_json), ServerLog.ReadJson);

    private static string Csv(string message, string query) =>
        $"2026-11-27 10:00:00.000 UTC,\"app\",\"my\",77,\"[local]\",6a5.1,1,\"SELECT\",2026-11-27 09:59:59 UTC,4/0,0,"
        + $"LOG,00000,\"{message}\",,,,,\"a, b\",,,,\"psql\",\"client backend\",,{query}\n";

    private static string Json(string message, string query) =>
        $$"""{"dbname":"my","message":"{{JsonEncodedText.Encode(message)}}","context":"a, b","query_id":{{query}}}"""
        + "\n";
}
