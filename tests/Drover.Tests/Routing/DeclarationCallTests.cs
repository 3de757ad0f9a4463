// CALL drover.shard_table and drover.reference_table by the tokens of the text, with literals and parameters.
using System.Text;
using Drover.Protocol.Framing;
using Drover.Routing;
using Drover.Routing.Keys;
using Drover.Routing.Schemas;

namespace Drover.Tests.Routing;

public sealed class DeclarationCallTests
{
    [Theory]
    [InlineData("CALL drover.shard_table('orders', 'customer_id')", "orders customer_id  ")]
    [InlineData("call \"drover\".Shard_Table ( E'a.b'::text , $$key$$ , 'g' ) ;", "22023")]
    [InlineData("call \"drover\".Shard_Table ( E'a.b'::text , $$key$$ , 'List' ) ;", "a.b key List ")]
    [InlineData("CALL drover.shard_table(key => 'k', table_name := 't')", "t k  ")]
    [InlineData("CALL drover.shard_table('t', colocation => 'g', key => 'k')", "t k  g")]
    [InlineData("CALL drover.shard_table($2, $1)", "two one  ")]
    [InlineData("CALL drover.reference_table('products'::regclass)", "products   ")]
    [InlineData("CALL drover.shard_table('t')", "42883")]
    [InlineData("CALL drover.shard_table('t', 'k', 'range', 'g')", "t k Range g")]
    [InlineData("CALL drover.shard_table('t', 'k', by => 'hash')", "t k Hash ")]
    [InlineData("CALL drover.shard_table('t', 'k', '1')", "22023")]
    [InlineData("CALL drover.shard_table('t', 'k', 'range', 'g', 'more')", "42883")]
    [InlineData("CALL drover.shard_schema('acme')", "schema acme ")]
    [InlineData("CALL drover.shard_schema($1, shard => 's2')", "schema one s2")]
    [InlineData("CALL drover.shard_schema('acme', 's2', 'x')", "42883")]
    [InlineData("CALL drover.shard_schema()", "42883")]
    [InlineData("CALL drover.shard_table('t', table_name => 't')", "42883")]
    [InlineData("CALL drover.shard_table('t', columns => 'k')", "42883")]
    [InlineData("CALL drover.reference_table('t', 'k')", "42883")]
    [InlineData("CALL drover.reference_table(lower('T'))", "42883")]
    [InlineData("CALL drover.reference_table('t',)", "42883")]
    [InlineData("CALL drover.reference_table('t'); SELECT 1", "42883")]
    [InlineData("CALL drover.reference_table('t'", "42883")]
    [InlineData("CALL drover.reference_table(NULL)", "42883")]
    [InlineData("CALL drover.reference_table($3)", "22023")]
    [InlineData("CALL drover.reference_table($4)", "22023")]
    public void Call_is_read_with_its_arguments(string sql, string expected)
    {
        DeclarationCall call = DeclarationCall.Read(Encoding.UTF8.GetBytes(sql), conforming: true)!;
        using MessageWriter writer = new(1024);
        writer.WriteInt16(0);
        writer.WriteInt16(3);
        writer.WriteValue("one"u8);
        writer.WriteValue("two"u8);
        writer.WriteNull();
        writer.WriteInt16(0);
        MapDeclaration? made = call.Resolve(new BoundValues(writer.Written, []), out RouteRefusal? refusal);
        string text = made switch
        {
            TableDeclaration table => $"{table.Table} {table.Key} {table.By} {table.Colocation}",
            SchemaDeclaration schema => $"schema {schema.Schema} {schema.Shard}",
            _ => refusal!.SqlState,
        };
        Assert.Equal(expected, text);
    }

    [Theory]
    [InlineData("CALL shard_table('t', 'k')")]
    [InlineData("CALL drover.other('t')")]
    [InlineData("CALL \"Drover\".shard_table('t', 'k')")]
    [InlineData("SELECT drover.shard_table('t', 'k')")]
    public void What_is_no_such_call_is_left_alone(string sql) =>
        Assert.Null(DeclarationCall.Read(Encoding.UTF8.GetBytes(sql), conforming: true));
}
