// Values and copies that are far larger than the proxy may hold.
using Drover.IntegrationTests.Security;
using Drover.IntegrationTests.Serve;
using Npgsql;

namespace Drover.IntegrationTests.Sessions;

public sealed class LargeValueTests(SecureFixture fixture)
{
    private const int ValueBytes = 100 << 20;
    private const long CopyBytes = 200L << 20;

    /// <summary>What the proxy's peak of resident memory may rise by: a third of one value.</summary>
    private const long RiseKbMax = 32 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15, false)]
    [InlineData(18, true)]
    public async Task Large_values_and_copies_pass_in_bounded_memory(int major, bool isTls)
    {
        string mode = isTls ? "require" : "disable";
        ServeProcess serve = await fixture.ProxyAsync(
            "large",
            major,
            fixture.ClientTls(mode, ("server_tls_sslmode", mode))
        );
        string text = serve.ClientString() + $";Command Timeout=120;SSL Mode={(isTls ? "Require" : "Disable")}";
        await using NpgsqlConnection client = await serve.OpenAsync(Token, text);
        await using NpgsqlCommand warm = new("select 1", client);
        await warm.ExecuteScalarAsync(Token);
        long before = PeakKb(serve);

        Assert.Equal(
            (long)ValueBytes,
            await ReadAsync(client, $"select convert_to(repeat('x', {ValueBytes}), 'UTF8')")
        );
        await using (NpgsqlCommand send = new("select octet_length($1)", client))
        {
            send.Parameters.Add(new NpgsqlParameter { Value = new byte[ValueBytes] });
            Assert.Equal(ValueBytes, await send.ExecuteScalarAsync(Token));
        }
        await CopyAsync(client);

        long rise = PeakKb(serve) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"peak of resident memory: {before} kB, and {rise} kB more");
        Assert.True(rise < RiseKbMax, $"{before} kB rose by {rise} kB");
    }

    private static async Task<long> ReadAsync(NpgsqlConnection client, string sql)
    {
        await using NpgsqlCommand command = new(sql, client);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(
            System.Data.CommandBehavior.SequentialAccess,
            Token
        );
        Assert.True(await reader.ReadAsync(Token));
        await using Stream value = await reader.GetStreamAsync(0, Token);
        byte[] buffer = new byte[64 * 1024];
        long total = 0;
        for (int count; (count = await value.ReadAsync(buffer, Token)) > 0; total += count) { }
        return total;
    }

    /// <summary>Out of the server, and as many rows into it.</summary>
    private static async Task CopyAsync(NpgsqlConnection client)
    {
        const int Line = 1000;
        long lines = CopyBytes / Line;
        await using (NpgsqlCommand create = new("create temporary table copied (t text)", client))
        {
            await create.ExecuteNonQueryAsync(Token);
        }
        using (
            TextReader from = await client.BeginTextExportAsync(
                $"copy (select repeat('x', {Line - 1}) from generate_series(1, {lines})) to stdout",
                Token
            )
        )
        {
            char[] buffer = new char[64 * 1024];
            long total = 0;
            for (int count; (count = await from.ReadAsync(buffer, Token)) > 0; total += count) { }
            Assert.Equal(lines * Line, total);
        }
        await using (TextWriter into = await client.BeginTextImportAsync("copy copied from stdin", Token))
        {
            string line = new string('y', Line - 1) + "\n";
            for (long i = 0; i < lines; i++)
            {
                await into.WriteAsync(line.AsMemory(), Token);
            }
        }
        await using NpgsqlCommand count2 = new("select count(*) from copied", client);
        Assert.Equal(lines, await count2.ExecuteScalarAsync(Token));
    }

    /// <summary>The most that was ever resident.</summary>
    private static long PeakKb(ServeProcess serve)
    {
        string line = File.ReadLines($"/proc/{serve.ProcessId}/status")
            .First(static text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], null);
    }
}
