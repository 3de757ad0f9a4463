// COPY's data in its three formats is cut into the rows that PostgreSQL would see, wherever its messages are cut.
using System.Buffers.Binary;
using System.Text;
using Drover.Routing;
using Drover.Routing.Copying;
using Drover.Topology;
using Drover.Topology.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace Drover.Tests.Routing;

public sealed class CopySplitterTests
{
    private static readonly Config Quiet = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(300)
        .WithReplay(20_250_1, 7);

    /// <summary>Values that the formats have to take care of.</summary>
    private static readonly string?[] s_values =
    [
        .. (string?[])["", "a", "it's", "\"", "\"\"", "a,b", "a\tb", "a\nb", "a\r\nb", "\r", "\\", "\\.", "\\N", "N"],
        .. (string?[])
            ["ä€𐍈", "x\\\ny", "\\\"", null, " ", "a\"b,\"c", "\b\f\v", "\\x41", "\\101", ".", "long " + "longer"],
    ];

    private static readonly ColocationGroup s_texts = RoutingStage.ShopMap.Groups[(int)KeyType.Text];

    private static readonly ShardedTable s_notes = new(
        new TableName("public", "notes"),
        "tenant",
        25,
        -1,
        (int)KeyType.Text
    );

    /// <summary>Rows of three columns; the one in the middle is the key and never NULL.</summary>
    private static Gen<string?[][]> Tables =>
        Gen.Elements(s_values).ArrayOf(3).Select(static row => (string?[])[row[0], row[1] ?? "key", row[2]]).ArrayOf();

    [Theory]
    [InlineData(CopyFormat.Text, "\n", false)]
    [InlineData(CopyFormat.Text, "\r\n", true)]
    [InlineData(CopyFormat.Text, "\r", false)]
    [InlineData(CopyFormat.Csv, "\n", true)]
    [InlineData(CopyFormat.Csv, "\r\n", false)]
    [InlineData(CopyFormat.Csv, "\r", true)]
    [InlineData(CopyFormat.Binary, "", false)]
    public void Rows_are_the_same_wherever_the_stream_is_cut(object format, string lineEnd, bool hasHeader) =>
        Prop.ForAll(
                Tables.ToArbitrary(),
                Gen.Choose(1, 9).ToArbitrary(),
                (rows, size) =>
                {
                    CopyPlan plan = PlanOf(new CopyForm { HasHeader = hasHeader }, (CopyFormat)format);
                    byte[] head = Head(plan, lineEnd);
                    byte[][] pieces = [.. rows.Select(row => Encode(plan, row, lineEnd))];
                    byte[] stream = [.. head, .. pieces.SelectMany(static piece => piece)];
                    List<(int Shard, byte[] Bytes)> expected =
                    [
                        .. head.Length > 0 ? [(0, head)] : Array.Empty<(int, byte[])>(),
                        .. rows.Select((row, i) => (ShardOf(row[1]!), pieces[i])),
                    ];
                    foreach (int cut in (int[])[size, 1, stream.Length + 1])
                    {
                        List<(int Shard, byte[] Bytes)> found = Split(plan, stream, cut, out RouteRefusal? failure);
                        Assert.Null(failure);
                        Assert.Equal(Show(expected), Show(found));
                    }
                }
            )
            .Check(Quiet);

    [Theory]
    [InlineData("a\\\nb\tk\tc\nd\tk\te\n", "a\\\nb\tk\tc\n|d\tk\te\n")]
    [InlineData("a\tk\tc", "a\tk\tc")]
    [InlineData("no key\na\tk\tc\n", "no key\n|a\tk\tc\n")]
    [InlineData("a\tk\tc\n\\.\nnot\ta\trow\n", "a\tk\tc\n")]
    [InlineData("a\tk\tc\r\n\\.\r\nmore", "a\tk\tc\r\n")]
    [InlineData("\\\\.\tk\tc\n", "\\\\.\tk\tc\n")]
    [InlineData("\\.\n", "")]
    [InlineData("", "")]
    public void Text_has_these_rows(string data, string rows) =>
        Assert.Equal(rows, Rows(PlanOf(new CopyForm(), CopyFormat.Text), data));

    [Theory]
    [InlineData("a,\"k\n\",c\nb,k,d\n", "a,\"k\n\",c\n|b,k,d\n")]
    [InlineData("\"a\"\"\n\",k,c\r\n", "\"a\"\"\n\",k,c\r\n")]
    [InlineData("a\\,k,c\n\\.\nb,k,d\n", "a\\,k,c\n")]
    [InlineData("a,k,\"c\nd", "a,k,\"c\nd")]
    public void Csv_has_these_rows(string data, string rows) =>
        Assert.Equal(rows, Rows(PlanOf(new CopyForm(), CopyFormat.Csv), data));

    [Fact]
    public void Csv_of_newer_servers_has_no_mark_at_its_end()
    {
        CopyPlan plan = PlanOf(new CopyForm(), CopyFormat.Csv);
        byte[] data = "a,k,c\n\\.,k,c\n\\.\n"u8.ToArray();
        Assert.Equal(3, Split(plan, data, 99, out RouteRefusal? failure, endsAtMark: false).Count);
        Assert.Null(failure);
    }

    [Theory]
    [InlineData("a\tk\tc\r\nb\tk\td\n", "literal newline found in data, line 2")]
    [InlineData("a\tk\tc\nb\tk\td\r\n", "literal carriage return found in data, line 2")]
    [InlineData("a\t\\N\tc\n", "the sharding key tenant of public.notes is NULL, line 1, column tenant")]
    [InlineData("a\tk\tc\nx\\.\n", "end-of-copy marker is not alone on its line, line 2")]
    [InlineData("a\tk\tc\n\\.x\n", "end-of-copy marker is not alone on its line, line 2")]
    [InlineData("a\tk\tc\n\\.", "end-of-copy marker is not alone on its line, line 2")]
    [InlineData("a\tk\tc\r\n\\.\n", "end-of-copy marker does not match previous newline style, line 2")]
    public void Text_that_is_none_is_refused_with_its_line(string data, string expected)
    {
        foreach (int cut in (int[])[1, 3, 99])
        {
            CopyPlan plan = PlanOf(new CopyForm(), CopyFormat.Text);
            Split(plan, Encoding.UTF8.GetBytes(data), cut, out RouteRefusal? failure);
            Assert.Equal($"{expected}", failure!.Message + failure.Context!["COPY notes".Length..]);
        }
    }

    [Theory]
    [InlineData("PGCOPX\n", "COPY file signature not recognized")]
    [InlineData("PGCOPY\n", "COPY file signature not recognized")]
    public void Binary_without_its_head_is_refused(string data, string expected)
    {
        Split(PlanOf(new CopyForm(), CopyFormat.Binary), Encoding.UTF8.GetBytes(data), 2, out RouteRefusal? failure);
        Assert.Equal(expected, failure!.Message);
    }

    [Fact]
    public void Binary_ends_with_its_trailer_and_nothing_behind_it()
    {
        CopyPlan plan = PlanOf(new CopyForm(), CopyFormat.Binary);
        byte[] row = Encode(plan, ["a", "k", null], "");
        byte[] good = [.. Head(plan, ""), .. row, 0xff, 0xff];
        Assert.Equal(2, Split(plan, good, 3, out RouteRefusal? failure).Count);
        Assert.Null(failure);
        Split(plan, [.. good, 1], 3, out failure);
        Assert.Equal("received copy data after EOF marker", failure!.Message);
        Split(plan, [.. Head(plan, ""), .. row[..^2]], 3, out failure);
        Assert.Equal("unexpected EOF in COPY data", failure!.Message);
        Split(plan, [.. Head(plan, ""), 0, 2, .. row[2..]], 3, out failure);
        Assert.Equal("row field count is 2, expected 3", failure!.Message);
    }

    [Theory]
    [InlineData("a,\"\",c\n", true, false, "NULL")]
    [InlineData("a,,c\n", true, true, "")]
    [InlineData("a,,c\n", false, true, "")]
    [InlineData("a,,c\n", false, false, "NULL")]
    [InlineData("a,\"\",c\n", false, false, "")]
    [InlineData("a,x\"y\"z,c\n", false, false, "xyz")]
    public void Forced_columns_are_read_as_the_server_reads_them(string data, bool isNull, bool isNotNull, string key)
    {
        CopyPlan plan = PlanOf(new CopyForm(), CopyFormat.Csv);
        plan = plan with { Key = plan.Key! with { IsForcedNull = isNull, IsForcedNotNull = isNotNull } };
        var rows = Split(plan, Encoding.UTF8.GetBytes(data), 4, out RouteRefusal? failure);
        if (key == "NULL")
        {
            Assert.Equal("23502", failure!.SqlState);
            return;
        }
        Assert.Null(failure);
        Assert.Equal(ShardOf(key), Assert.Single(rows).Shard);
    }

    [Fact]
    public void Escape_that_is_no_quote_takes_quotes_only()
    {
        CopyForm form = new() { Quote = (byte)'"', Escape = (byte)'\\' };
        CopyPlan plan = PlanOf(form, CopyFormat.Csv);
        Assert.Equal("a,\"k\\\"\n\",c\n|\\,k,d\n", Rows(plan, "a,\"k\\\"\n\",c\n\\,k,d\n"));
        var rows = Split(plan, "a,\"k\\\"\n\",c\n"u8.ToArray(), 1, out _);
        Assert.Equal(ShardOf("k\"\n"), Assert.Single(rows).Shard);
    }

    private static int ShardOf(string key)
    {
        Assert.True(KeyHash.TryOfText(KeyType.Text, Encoding.UTF8.GetBytes(key), out ulong hash));
        return s_texts.ShardOf(hash);
    }

    private static string Rows(CopyPlan plan, string data)
    {
        string? all = null;
        foreach (int cut in (int[])[1, 2, 99])
        {
            var rows = Split(plan, Encoding.UTF8.GetBytes(data), cut, out RouteRefusal? failure);
            Assert.Null(failure);
            string found = string.Join('|', rows.Select(static row => Encoding.UTF8.GetString(row.Bytes)));
            Assert.Equal(all ?? found, found);
            all = found;
        }
        return all!;
    }

    private static List<string> Show(List<(int Shard, byte[] Bytes)> rows) =>
        [.. rows.Select(static row => $"{row.Shard}: {Convert.ToHexString(row.Bytes)}")];

    private static List<(int Shard, byte[] Bytes)> Split(
        CopyPlan plan,
        byte[] stream,
        int cut,
        out RouteRefusal? failure,
        bool endsAtMark = true
    )
    {
        CopySplitter splitter = CopySplitter.For(plan, endsAtMark);
        List<(int, byte[])> rows = [];
        for (int start = 0; start < stream.Length; start += cut)
        {
            ReadOnlySpan<byte> piece = stream.AsSpan(start, Math.Min(cut, stream.Length - start));
            while (splitter.TryNext(ref piece, out CopyRow row))
            {
                rows.Add((row.Shard, row.Bytes.ToArray()));
            }
        }
        if (splitter.TryFinish(out CopyRow last))
        {
            rows.Add((last.Shard, last.Bytes.ToArray()));
        }
        failure = splitter.Failure;
        return rows;
    }

    private static CopyPlan PlanOf(CopyForm form, CopyFormat format) =>
        new()
        {
            Form =
                format == CopyFormat.Csv
                    ? form with
                    {
                        Format = format,
                        Delimiter = (byte)',',
                        Null = [],
                    }
                    : form with
                    {
                        Format = format,
                    },
            Table = "notes",
            IsFrom = true,
            Columns = ["a", "tenant", "c"],
            Key = new CopyKey(s_notes, s_texts, 1, IsForcedNull: false, IsForcedNotNull: false),
        };

    private static byte[] Head(CopyPlan plan, string lineEnd) =>
        plan.Form.Format == CopyFormat.Binary ? [.. "PGCOPY\n"u8, 0xff, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]
        : plan.Form.HasHeader ? Encoding.UTF8.GetBytes(string.Join((char)plan.Form.Delimiter, plan.Columns) + lineEnd)
        : [];

    private static byte[] Encode(CopyPlan plan, string?[] row, string lineEnd) =>
        plan.Form.Format switch
        {
            CopyFormat.Text => Encoding.UTF8.GetBytes(string.Join('\t', row.Select(TextOf)) + lineEnd),
            CopyFormat.Csv => Encoding.UTF8.GetBytes(string.Join(',', row.Select(CsvOf)) + lineEnd),
            _ => [0, (byte)row.Length, .. row.SelectMany(BinaryOf)],
        };

    private static string TextOf(string? value) =>
        value is null
            ? "\\N"
            : value
                .Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)
                .Replace("\r", "\\015", StringComparison.Ordinal)
                .Replace("\t", "\\\t", StringComparison.Ordinal)
                .Replace("x", "\\x78", StringComparison.Ordinal);

    private static string CsvOf(string? value) =>
        value is null ? "" : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static byte[] BinaryOf(string? value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value ?? "");
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, value is null ? -1 : bytes.Length);
        return [.. length, .. bytes];
    }
}
