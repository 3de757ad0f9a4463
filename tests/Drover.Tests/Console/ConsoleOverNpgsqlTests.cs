// A real driver on the console, in the protocol that it prefers: extended, with results in binary.
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Drover.Administration;
using Drover.App.Console;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Drover.Tests.Console;

public sealed class ConsoleOverNpgsqlTests : IAsyncDisposable
{
    private readonly FakeProxy _proxy = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _server;
    private NpgsqlDataSource? _source;

    public ConsoleOverNpgsqlTests()
    {
        _proxy.TrafficList.Add(new("app", "joe", new() { BytesReceived = 123_456_789_012, BytesSent = 10_000 }));
        _proxy.UserList.Add(new() { Name = "joe", CurrentConnections = 7 });
        _listener.Start();
        _server = ServeAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }
        await _stop.CancelAsync();
        await _server;
        _listener.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Driver_reads_text_numbers_and_null_in_binary()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlCommand stats = new("SHOW STATS", connection);
        await using (NpgsqlDataReader reader = await stats.ExecuteReaderAsync(Token))
        {
            Assert.True(await reader.ReadAsync(Token));
            Assert.Equal("app", reader.GetString(0));
            Assert.Equal(123_456_789_012m, reader.GetFieldValue<decimal>(reader.GetOrdinal("total_received")));
            Assert.Equal(10_000m, reader.GetDecimal(reader.GetOrdinal("total_sent")));
            Assert.Equal(0m, reader.GetDecimal(reader.GetOrdinal("avg_wait_time")));
        }
        await using NpgsqlCommand users = new("SHOW USERS", connection);
        await using NpgsqlDataReader rows = await users.ExecuteReaderAsync(Token);
        Assert.True(await rows.ReadAsync(Token));
        Assert.True(rows.IsDBNull(rows.GetOrdinal("pool_mode")));
        Assert.Equal(7, rows.GetInt32(rows.GetOrdinal("current_connections")));
    }

    [Fact]
    public async Task Driver_runs_commands()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlCommand pause = new("PAUSE app; RESUME app", connection);
        await pause.ExecuteNonQueryAsync(Token);
        Assert.Equal(["pause app", "resume app"], _proxy.Calls);
    }

    // Npgsql closes a connection on which it sees 08P01, PgBouncer's code for all errors of its console.
    [Fact]
    public async Task Driver_sees_errors()
    {
        await using NpgsqlConnection connection = await OpenAsync();
        await using NpgsqlCommand wrong = new("VACUUM", connection);
        PostgresException error = await Assert.ThrowsAsync<PostgresException>(() => wrong.ExecuteNonQueryAsync(Token));
        Assert.Equal("08P01", error.SqlState);
        Assert.Contains("SHOW HELP", error.MessageText, StringComparison.Ordinal);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<NpgsqlConnection> OpenAsync()
    {
        NpgsqlConnectionStringBuilder settings = new()
        {
            Host = "127.0.0.1",
            Port = ((IPEndPoint)_listener.LocalEndpoint).Port,
            Username = "joe",
            Database = "drover",
            Pooling = false,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        NpgsqlDataSourceBuilder builder = new(settings.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        _source = builder.Build();
        return await _source.OpenConnectionAsync(Token);
    }

    private async Task ServeAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(cancellation);
                await ServeOneAsync(client.GetStream(), cancellation);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or IOException) { }
    }

    private async Task ServeOneAsync(NetworkStream stream, CancellationToken cancellation)
    {
        ConsoleFactory factory = new(_proxy, NullLoggerFactory.Instance);
        IConsoleSession session = factory.Open(new("joe", IsAdmin: true));
        using MessageWriter output = new(1 << 20);
        byte[] buffer = new byte[1 << 16];
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 4), cancellation);
        int startup = BinaryPrimitives.ReadInt32BigEndian(buffer) - 4;
        await stream.ReadExactlyAsync(buffer.AsMemory(0, startup), cancellation);
        output.Begin(BackendType.Authentication);
        output.WriteInt32(0);
        output.End();
        foreach ((string name, string value) in factory.Parameters)
        {
            ParameterStatus.Write(output, name, value);
        }
        BackendKeyData.Write(output, 1, [1, 2, 3, 4]);
        ReadyForQuery.Write(output, TransactionStatus.Idle);
        ConsoleOutcome outcome = ConsoleOutcome.Continue;
        while (outcome == ConsoleOutcome.Continue)
        {
            await stream.WriteAsync(output.Memory, cancellation);
            output.Clear();
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 5), cancellation);
            int length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(1)) - 4;
            byte type = buffer[0];
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellation);
            outcome = await session.HandleAsync(type, buffer.AsMemory(0, length), output, cancellation);
        }
    }
}
