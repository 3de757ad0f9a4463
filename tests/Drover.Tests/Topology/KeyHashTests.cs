// What is no certain value is not hashed. That the hashes are the server's is shown by the integration tests.
using System.Text;
using Drover.Topology.Keys;

namespace Drover.Tests.Topology;

public sealed class KeyHashTests
{
    [Theory]
    [InlineData(KeyType.Bigint, "")]
    [InlineData(KeyType.Bigint, " ")]
    [InlineData(KeyType.Bigint, "+")]
    [InlineData(KeyType.Bigint, "+-1")]
    [InlineData(KeyType.Bigint, "--1")]
    [InlineData(KeyType.Bigint, "1.0")]
    [InlineData(KeyType.Bigint, "1 2")]
    [InlineData(KeyType.Bigint, "1_000")]
    [InlineData(KeyType.Bigint, "0x10")]
    [InlineData(KeyType.Bigint, "9223372036854775808")]
    [InlineData(KeyType.Uuid, "")]
    [InlineData(KeyType.Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1")]
    [InlineData(KeyType.Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11a")]
    [InlineData(KeyType.Uuid, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]
    [InlineData(KeyType.Uuid, "a-0eebc999c0b4ef8bb6d6bb9bd380a11")]
    [InlineData(KeyType.Uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g")]
    [InlineData(KeyType.Uuid, " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")]
    [InlineData(KeyType.Numeric, "")]
    [InlineData(KeyType.Numeric, ".")]
    [InlineData(KeyType.Numeric, "e5")]
    [InlineData(KeyType.Numeric, "1e")]
    [InlineData(KeyType.Numeric, "1e+-5")]
    [InlineData(KeyType.Numeric, "1e2000")]
    [InlineData(KeyType.Numeric, "1.2.3")]
    [InlineData(KeyType.Numeric, "1_000")]
    [InlineData(KeyType.Numeric, "--1")]
    [InlineData(KeyType.Numeric, "0x10")]
    [InlineData(KeyType.Date, "today")]
    [InlineData(KeyType.Date, "infinity")]
    [InlineData(KeyType.Date, "01/02/2026")]
    [InlineData(KeyType.Date, "2026-13-01")]
    [InlineData(KeyType.Date, "2026-02-29")]
    [InlineData(KeyType.Date, "0000-01-01")]
    [InlineData(KeyType.Date, "2026-1-1 BC")]
    public void Text_that_is_no_certain_value_is_not_hashed(KeyType type, string text) =>
        Assert.False(KeyHash.TryOfText(type, Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData(KeyType.Bigint, "")]
    [InlineData(KeyType.Bigint, "000102")]
    [InlineData(KeyType.Date, "0001")]
    [InlineData(KeyType.Uuid, "00010203")]
    [InlineData(KeyType.Numeric, "0001")]
    [InlineData(KeyType.Numeric, "0001000000000000")]
    [InlineData(KeyType.Numeric, "0000000012340000")]
    public void Bytes_that_are_not_of_the_type_are_not_hashed(KeyType type, string hex) =>
        Assert.False(KeyHash.TryOfBinary(type, Convert.FromHexString(hex), out _));

    [Fact]
    public void Longest_and_deepest_numbers_are_hashed_or_refused_but_never_crash()
    {
        for (int length = 1; length < 600; length++)
        {
            string digits = new('9', length);
            Assert.Equal(length <= 256, KeyHash.TryOfText(KeyType.Numeric, Encoding.UTF8.GetBytes(digits), out _));
            foreach (int exponent in (int[])[-1000, -999, -3, 0, 1, 999, 1000])
            {
                _ = KeyHash.TryOfText(KeyType.Numeric, Encoding.UTF8.GetBytes($"{digits}e{exponent}"), out _);
            }
        }
    }

    [Fact]
    public void Slot_is_the_same_expression_as_in_sql()
    {
        // SELECT hashint8extended(42, 0) & 4095
        Assert.True(KeyHash.TryOfText(KeyType.Bigint, "42"u8, out ulong hash));
        Assert.Equal((int)((long)hash & 4095), Slot.Of(hash));
    }
}
