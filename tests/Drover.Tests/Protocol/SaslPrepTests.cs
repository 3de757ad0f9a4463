// Passwords that are typed in different ways and mean the same.
using System.Text;
using Drover.Protocol.Authentication;

namespace Drover.Tests.Protocol;

public sealed class SaslPrepTests
{
    [Theory]
    [InlineData("I\u00adX", "IX")]
    [InlineData("user", "user")]
    [InlineData("\u00aa", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("a\u00a0b", "a b")]
    [InlineData("\u1100\u1161\u11a8", "\uac01")]
    public void Equal_passwords_become_one(string password, string expected) =>
        Assert.Equal(Encoding.UTF8.GetBytes(expected), SaslPrep.Prepare(Encoding.UTF8.GetBytes(password)));

    [Theory]
    [InlineData("\u0007\u00e9e\u0301")]
    [InlineData("\u0627e\u0301")]
    [InlineData("\u0221e\u0301")]
    [InlineData("\u00ad\u200c")]
    [InlineData("tab\tand\u0001control stay in ASCII")]
    public void What_is_prohibited_stays_as_it_is(string password)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password);
        Assert.Equal(bytes, SaslPrep.Prepare(bytes));
    }

    [Fact]
    public void What_is_no_utf8_stays_as_it_is()
    {
        byte[] latin1 = [0x70, 0xe4, 0xdf];
        Assert.Equal(latin1, SaslPrep.Prepare(latin1));
        byte[] surrogate = [0xed, 0xa0, 0x80];
        Assert.Equal(surrogate, SaslPrep.Prepare(surrogate));
    }

    /// <summary>The vectors were computed by Python's unicodedata and stringprep.</summary>
    [Fact]
    public void Vectors_of_another_implementation_hold()
    {
        string file = Path.Combine(RepositoryFiles.Corpus("saslprep"), "vectors.txt");
        foreach (string line in File.ReadLines(file))
        {
            string[] pair = line.Split(' ');
            string prepared = Convert.ToHexStringLower(SaslPrep.Prepare(Convert.FromHexString(pair[0])));
            Assert.True(pair[1] == prepared, $"{pair[0]} became {prepared}, not {pair[1]}");
        }
    }
}
