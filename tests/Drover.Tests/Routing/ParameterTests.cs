// A key in a parameter: the same shard whatever the format and the type, and none where the value may be another.
using System.Buffers.Binary;
using System.Text;
using Drover.Routing;
using Drover.Sql.Parsing;

namespace Drover.Tests.Routing;

public sealed class ParameterTests : IDisposable
{
    private readonly RoutingStage _stage = new();
    private readonly RoutingStage _ranged = new(RoutingStage.RangedMap);

    public ParameterTests() => Assert.SkipUnless(PgQueryLibrary.Instance is not null, PgQueryLibrary.Remedy);

    public void Dispose()
    {
        _stage.Dispose();
        _ranged.Dispose();
    }

    /// <summary>Parameters are written as <c>type:value</c>; <c>b8:5</c> is a number in eight binary bytes.</summary>
    [Theory]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "0:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "705:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "20:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "-42", "20b8:-42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "23b4:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "21b2:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "0b8:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "42", "1700:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1::bigint", "42", "0b8:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1::bigint", "42", "25:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $2 AND id = $1", "42", "20:5", "20:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1 AND id = $1", "42", "20b8:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1 AND total = $1", "42", "0:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN ($1, $2)", "1,4", "20:1", "23b4:4")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN (1, $1)", "1,4", "0:4")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "1,4", "1016:{1,4,NULL}")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1::int[])", "1,4", "0:{1,4}")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "1,4", "1016array:1,4")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "any", "1016array:")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "any", "1016:null")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "any", "20:null")]
    [InlineData("INSERT INTO orders (id, customer_id) VALUES ($1, $2)", "42", "20:1", "0:42")]
    [InlineData("INSERT INTO orders (id, customer_id) VALUES ($1, $2), ($3, $4)", "1,4", "0:1", "0:1", "0:1", "0:4")]
    [InlineData("UPDATE orders SET customer_id = $1, total = 5 WHERE customer_id = $2", "42", "20:42", "23b4:42")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1", "Text:abc", "1043:abc")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1", "Text:abc", "25bytes:abc")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1", "Text:abc", "0:abc")]
    [InlineData("SELECT * FROM codes WHERE code = $1", "PaddedText:abc", "1042:abc   ")]
    [InlineData(
        "SELECT * FROM files WHERE owner = $1::uuid",
        "Uuid:0188f0a1-0000-7000-8000-0000000000ff",
        "1043:0188f0a1-0000-7000-8000-0000000000ff"
    )]
    [InlineData("SELECT * FROM prices WHERE price = $1", "Numeric:7", "23b4:7")]
    [InlineData("SELECT * FROM prices WHERE price = $1", "Numeric:7.5", "1700:7.50")]
    [InlineData("SELECT * FROM days WHERE day = $1", "Date:2024-02-29", "1082b4:8825")]
    public Task Parameter_decides(string sql, string expected, params string[] values) =>
        HoldsAsync(sql, expected, values);

    [Theory]
    // In another type other values can be equal.
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "701:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "701b8:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "25:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "1700:42.0")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1::int", "1700:41.7")]
    [InlineData("SELECT * FROM prices WHERE price = $1::int", "1700:42")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1", "1042:abc")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1", "19:abc")]
    // Another place may decide the type.
    [InlineData("SELECT * FROM orders WHERE customer_id = $1 AND total = $1", "0b8:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1 AND total = $1", "0:9007199254740993")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1 AND total IN ($1, 5)", "0b8:42")]
    [InlineData("SELECT * FROM notes WHERE tenant = $1 AND body = $1", "0:abc")]
    [InlineData("SELECT * FROM orders WHERE customer_id IN ($1, $2)", "20:1", "701:4")]
    // No value.
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "20:")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $1", "20b8:x")]
    [InlineData("SELECT * FROM orders WHERE customer_id = $2", "20:42")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "1016:{1,{2}}")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "1016:{1,}")]
    [InlineData("SELECT * FROM orders WHERE customer_id = ANY ($1)", "1022:{1,4}")]
    public Task Parameter_that_may_be_another_value_limits_nothing(string sql, params string[] values) =>
        HoldsAsync(sql, "all", values);

    [Fact]
    public async Task Statement_says_whether_it_needs_its_parameters()
    {
        Assert.True(await NeedsAsync("SELECT * FROM orders WHERE customer_id = $1"));
        Assert.True(await NeedsAsync("INSERT INTO orders (customer_id) VALUES ($1)"));
        Assert.False(await NeedsAsync("SELECT * FROM products WHERE id = $1"));
        Assert.False(await NeedsAsync("SELECT * FROM orders WHERE total = $1"));
        Assert.False(await NeedsAsync("SELECT * FROM orders WHERE customer_id = 5"));
    }

    private async Task<bool> NeedsAsync(string sql)
    {
        LearntStatement learnt = await _stage.Router.LearnAsync(Encoding.UTF8.GetBytes(sql), "public");
        return learnt.Plan.NeedsParameters;
    }

    private async Task HoldsAsync(string sql, string expected, string[] values)
    {
        BindText bind = new(values);
        foreach (RoutingStage stage in (RoutingStage[])[_stage, _ranged])
        {
            string route = await stage.RouteOfAsync(sql, "public", bind.Remainder, bind.Types);
            Assert.Equal(expected is "all" or "any" ? expected : stage.ShardsOf(expected), route);
        }
    }
}

/// <summary>A Bind's remainder from parameters in words.</summary>
internal sealed class BindText
{
    public BindText(params string[] parameters)
    {
        (uint Type, string Format, string Value)[] read =
        [
            .. parameters.Select(parameter =>
            {
                int colon = parameter.IndexOf(':', StringComparison.Ordinal);
                string kind = parameter[..colon];
                int digits = kind.TakeWhile(char.IsAsciiDigit).Count();
                return (
                    uint.Parse(kind[..digits], System.Globalization.CultureInfo.InvariantCulture),
                    kind[digits..],
                    parameter[(colon + 1)..]
                );
            }),
        ];
        Types = [.. read.Select(one => one.Type)];
        List<byte> bytes = [.. Short(read.Length), .. read.SelectMany(one => Short(one.Format.Length > 0 ? 1 : 0))];
        bytes.AddRange(Short(read.Length));
        foreach ((_, string format, string value) in read)
        {
            bytes.AddRange(value == "null" ? Int(-1) : [.. Int(Bytes(format, value).Length), .. Bytes(format, value)]);
        }
        bytes.AddRange(Short(0));
        Remainder = [.. bytes];
    }

    public byte[] Remainder { get; }

    public uint[] Types { get; }

    private static byte[] Bytes(string format, string value) =>
        format switch
        {
            "" or "bytes" => Encoding.UTF8.GetBytes(value),
            "array" => Array(value),
            _ when value == "x" => [1, 2, 3],
            _ => Number(value)[^(format[1] - '0')..],
        };

    /// <summary>int8[] as array_send writes it.</summary>
    private static byte[] Array(string values)
    {
        string[] elements = values.Length == 0 ? [] : values.Split(',');
        return
        [
            .. Int(elements.Length > 0 ? 1 : 0),
            .. Int(0),
            .. Int(20),
            .. elements.Length > 0 ? [.. Int(elements.Length), .. Int(1)] : System.Array.Empty<byte>(),
            .. elements.SelectMany(element => Int(8).Concat(Number(element))),
        ];
    }

    private static byte[] Number(string value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(
            bytes,
            long.Parse(value, System.Globalization.CultureInfo.InvariantCulture)
        );
        return bytes;
    }

    private static byte[] Short(int value) => [(byte)(value >> 8), (byte)value];

    private static byte[] Int(int value) => [.. Short(value >> 16), .. Short(value & 0xffff)];
}
