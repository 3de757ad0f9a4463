// Many clients under TLS at once, slower than their server: every byte arrives, in its place.
using System.Security.Cryptography;
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Security;

public sealed class TlsLoadTests(SecureFixture fixture)
{
    private const string Rows = "select i, md5(i::text), md5((i * 7)::text) from generate_series(1, 150000) i";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Results_of_many_clients_are_whole(int major)
    {
        Dictionary<string, string> settings = fixture.ClientTls(
            "require",
            ("server_tls_sslmode", major == 15 ? "require" : "disable")
        );
        ServeProcess serve = await fixture.ProxyAsync("load", major, settings);
        string text = serve.ClientString() + ";SSL Mode=Require;Command Timeout=120";
        string[] sums = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CopyTwiceAsync(serve, text)));
        Assert.Single(sums.Distinct());
    }

    private static async Task<string> CopyTwiceAsync(ServeProcess serve, string text)
    {
        await using NpgsqlConnection client = await serve.OpenAsync(Token, text);
        string first = await SumAsync(client);
        return await SumAsync(client) == first ? first : "two results";
    }

    private static async Task<string> SumAsync(NpgsqlConnection client)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using NpgsqlRawCopyStream copy = await client.BeginRawBinaryCopyAsync(
            $"copy ({Rows}) to stdout (format binary)",
            Token
        );
        byte[] buffer = new byte[8 * 1024];
        for (int count; (count = await copy.ReadAsync(buffer, Token)) > 0; )
        {
            hash.AppendData(buffer.AsSpan(0, count));
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
