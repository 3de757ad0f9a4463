// Values and copies that are far larger than the proxy may hold.
using System.Security.Cryptography;
using System.Text;
using Drover.IntegrationTests.Security;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Sessions;

public sealed class LargeValueTests(SecureFixture fixture)
{
    private const int ValueBytes = 100 << 20;
    private const int ValueParts = ValueBytes / SHA256.HashSizeInBytes;

    /// <summary>What the proxy's peak of resident memory may rise by: a third of one value.</summary>
    private const long RiseKbMax = 32 * 1024;

    /// <summary>Bytes of a copied line, its end included.</summary>
    private const int LineBytes = 1000;

    /// <summary>No two parts are alike, so that what is lost, doubled or in the wrong place shows.</summary>
    private static readonly string Value =
        $"select string_agg(sha256(i::text::bytea), '' order by i) from generate_series(1, {ValueParts}) i";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, false)]
    [InlineData(18, true)]
    public async Task Large_values_and_copies_pass_whole_and_in_bounded_memory(int major, bool isTls)
    {
        ServeProcess serve = await ProxyAsync(major, isTls);
        await using NpgsqlConnection client = await OpenAsync(serve, isTls);
        long before = PeakKb(serve);
        byte[] value = new byte[ValueBytes];
        for (int i = 0; i < ValueParts; i++)
        {
            SHA256.HashData(Encoding.ASCII.GetBytes($"{i + 1}"), value.AsSpan(i * SHA256.HashSizeInBytes));
        }
        string sum = Convert.ToHexStringLower(SHA256.HashData(value));

        Assert.Equal((ValueBytes, sum), await ReadAsync(client, Value));
        await using (NpgsqlCommand send = new("select encode(sha256($1), 'hex')", client))
        {
            send.Parameters.Add(new NpgsqlParameter { Value = value });
            Assert.Equal(sum, await send.ExecuteScalarAsync(Token));
        }
        await CopyAsync(client, 200_000);
        AssertBounded(serve, before);
    }

    [Theory]
    [InlineData(15, true)]
    [InlineData(18, false)]
    public async Task Copies_of_a_gigabyte_pass_whole_and_in_bounded_memory(int major, bool isTls)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("DROVER_LONG") == "1", "long: ./test --long");
        ServeProcess serve = await ProxyAsync(major, isTls);
        await using NpgsqlConnection client = await OpenAsync(serve, isTls);
        long before = PeakKb(serve);
        await CopyAsync(client, (1 << 30) / LineBytes);
        AssertBounded(serve, before);
    }

    private Task<ServeProcess> ProxyAsync(int major, bool isTls)
    {
        string mode = isTls ? "require" : "disable";
        return fixture.ProxyAsync("large", major, fixture.ClientTls(mode, ("server_tls_sslmode", mode)));
    }

    /// <summary>Connects and has a server assigned.</summary>
    private static async Task<NpgsqlConnection> OpenAsync(ServeProcess serve, bool isTls)
    {
        string text = serve.ClientString() + $";Command Timeout=600;SSL Mode={(isTls ? "Require" : "Disable")}";
        NpgsqlConnection client = await serve.OpenAsync(Token, text);
        await using NpgsqlCommand warm = new("select 1", client);
        await warm.ExecuteScalarAsync(Token);
        return client;
    }

    private static async Task<(int Bytes, string Sum)> ReadAsync(NpgsqlConnection client, string sql)
    {
        await using NpgsqlCommand command = new(sql, client);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(
            System.Data.CommandBehavior.SequentialAccess,
            Token
        );
        Assert.True(await reader.ReadAsync(Token));
        await using Stream value = await reader.GetStreamAsync(0, Token);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 * 1024];
        int total = 0;
        for (int count; (count = await value.ReadAsync(buffer, Token)) > 0; total += count)
        {
            hash.AppendData(buffer.AsSpan(0, count));
        }
        return (total, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Out of the server, and the same lines into it; each line has its number at its end.</summary>
    private static async Task CopyAsync(NpgsqlConnection client, int lines)
    {
        await using (NpgsqlCommand create = new("create temporary table copied (t text)", client))
        {
            await create.ExecuteNonQueryAsync(Token);
        }
        using (
            TextReader from = await client.BeginTextExportAsync(
                $"copy (select lpad(i::text, {LineBytes - 1}, 'x') from generate_series(1, {lines}) i) to stdout",
                Token
            )
        )
        {
            int number = 0;
            while (await from.ReadLineAsync(Token) is { } line)
            {
                Assert.True(line == LineOf(++number), $"line {number} differs");
            }
            Assert.Equal(lines, number);
        }
        await using (TextWriter into = await client.BeginTextImportAsync("copy copied from stdin", Token))
        {
            for (int i = 1; i <= lines; i++)
            {
                await into.WriteAsync((LineOf(i) + "\n").AsMemory(), Token);
            }
        }
        await using NpgsqlCommand same = new(
            "select count(*) from (select t, row_number() over () n from copied) r "
                + $"where t = lpad(n::text, {LineBytes - 1}, 'x')",
            client
        );
        Assert.Equal((long)lines, await same.ExecuteScalarAsync(Token));
    }

    private static string LineOf(int number) => $"{number}".PadLeft(LineBytes - 1, 'x');

    private static void AssertBounded(ServeProcess serve, long before)
    {
        long rise = PeakKb(serve) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"peak of resident memory: {before} kB, and {rise} kB more");
        Assert.True(rise < RiseKbMax, $"{before} kB rose by {rise} kB");
    }

    /// <summary>The most that was ever resident.</summary>
    private static long PeakKb(ServeProcess serve)
    {
        string line = File.ReadLines($"/proc/{serve.ProcessId}/status")
            .First(static text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], null);
    }
}
