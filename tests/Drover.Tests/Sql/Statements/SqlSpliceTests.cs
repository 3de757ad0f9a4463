// A rewritten statement: what was edited is new, what was not is as it came.
using System.Buffers;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Tests.Sql.Shapes;

namespace Drover.Tests.Sql.Statements;

public sealed class SqlSpliceTests
{
    [Fact]
    public void Edits_leave_everything_else_as_it_came()
    {
        byte[] sql = Encoding.UTF8.GetBytes("SELECT /* é */ a FROM t LIMIT 5 -- c");
        ArrayBufferWriter<byte> output = new();
        new SqlSplice()
            .Replace(16, 1, "b, c"u8)
            .Replace(31, 1, "10"u8)
            .Replace(sql.Length, 0, "\n"u8)
            .Write(sql, output);
        Assert.Equal("SELECT /* é */ b, c FROM t LIMIT 10 -- c\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Edits_that_overlap_are_a_mistake() =>
        Assert.Throws<ArgumentException>(() => new SqlSplice().Replace(5, 3, "x"u8).Replace(7, 1, "y"u8));

    /// <summary>
    /// Every literal of the corpus as another of its kind: the statement parses, and has the same shape.
    /// </summary>
    [Fact]
    public async Task Literals_exchanged_by_splicing_leave_the_shape()
    {
        Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);
        using ParserThreads threads = new(1);
        PostgresParser parser = new(PgQueryLibrary.Instance, threads);
        ShapeContext context = new("public"u8, 1);
        foreach (string text in SqlCorpus.Statements)
        {
            byte[] sql = Encoding.UTF8.GetBytes(text);
            ShapeBuffer before = new();
            Assert.True(StatementShape.TryBuild(sql, context, before), text);
            SqlSplice splice = new();
            foreach (ShapeItem item in before.Items)
            {
                splice.Replace(
                    item.Start,
                    item.Length,
                    Another(item.Kind, sql.AsSpan().Slice(item.Start, item.Length))
                );
            }
            ArrayBufferWriter<byte> output = new();
            splice.Write(sql, output);
            ShapeBuffer after = new();
            Assert.True(StatementShape.TryBuild(output.WrittenSpan, context, after), text);
            string spliced = Encoding.UTF8.GetString(output.WrittenSpan);
            Assert.True(before.Key.SequenceEqual(after.Key), $"{text}\n{spliced}");
            ParseOutcome outcome = await parser.ParseAsync(output.WrittenMemory);
            Assert.True(outcome.Tree is not null, $"{outcome.Reason}: {spliced}");
        }
    }

    private static byte[] Another(ItemKinds kind, ReadOnlySpan<byte> old) =>
        kind switch
        {
            ItemKinds.Int4 => "7"u8.ToArray(),
            ItemKinds.Int8 => "4000000000"u8.ToArray(),
            ItemKinds.Numeric => "7.25"u8.ToArray(),
            // An UESCAPE needs one byte of no meaning.
            ItemKinds.String when old.SequenceEqual("'!'"u8) => "'#'"u8.ToArray(),
            ItemKinds.String when old[0] is (byte)'E' or (byte)'$' => "$$it's$$"u8.ToArray(),
            ItemKinds.String when old[0] == '\'' => "'it''s'"u8.ToArray(),
            ItemKinds.Bits => "B'11'"u8.ToArray(),
            ItemKinds.HexBits => "X'AB'"u8.ToArray(),
            ItemKinds.Boolean => "true"u8.ToArray(),
            _ => old.ToArray(),
        };
}
