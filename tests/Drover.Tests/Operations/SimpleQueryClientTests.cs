// The client of consoles before a server that speaks nonsense, or nothing: an error in time, and no secret in it.
using System.Net;
using System.Net.Sockets;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Tests.Operations;

public sealed class SimpleQueryClientTests
{
    private const string Secret = "zq-secret-31";

    private static readonly byte[] s_ok = [(byte)'R', 0, 0, 0, 8, 0, 0, 0, 0];
    private static readonly byte[] s_ready = [(byte)'Z', 0, 0, 0, 5, (byte)'I'];
    private static readonly byte[] s_column =
    [
        (byte)'T',
        0,
        0,
        0,
        26,
        0,
        1,
        (byte)'a',
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        25,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0,
        0,
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    // Lengths: below the least, negative, two gigabytes, and one that is cut off.
    [InlineData(new byte[] { (byte)'R', 0, 0, 0, 3 })]
    [InlineData(new byte[] { (byte)'R', 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { (byte)'R', 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { (byte)'R', 0, 0, 0, 8, 0, 0 })]
    // HTTP, and an error without fields.
    [InlineData(new byte[] { (byte)'H', (byte)'T', (byte)'T', (byte)'P', (byte)'/', (byte)'1' })]
    [InlineData(new byte[] { (byte)'E', 0, 0, 0, 5, (byte)'S' })]
    public async Task Login_that_is_nonsense_is_an_error_of_the_connection(byte[] answer)
    {
        await using Fake server = new(answer, []);
        IOException failure = await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync(server));
        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    // A row before its description, one with too many values, one whose value is longer than it, a description cut off.
    [InlineData(false, new byte[] { (byte)'D', 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, (byte)'x' })]
    [InlineData(true, new byte[] { (byte)'D', 0, 0, 0, 14, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(true, new byte[] { (byte)'D', 0, 0, 0, 10, 0, 1, 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(false, new byte[] { (byte)'T', 0, 0, 0, 8, 0, 9, (byte)'a', 0 })]
    public async Task Rows_that_do_not_fit_are_an_error_of_the_connection(bool isDescribed, byte[] answer)
    {
        await using Fake server = new([.. s_ok, .. s_ready], isDescribed ? [.. s_column, .. answer] : answer);
        await using SimpleQueryClient client = await ConnectAsync(server);
        await Assert.ThrowsAnyAsync<IOException>(() => client.QueryAsync("SHOW POOLS", Patience, Token));
    }

    [Fact]
    public async Task Server_that_says_nothing_is_waited_for_so_long_and_no_longer()
    {
        await using Fake silent = new([], [], isSilent: true);
        await Assert.ThrowsAsync<TimeoutException>(() =>
            SimpleQueryClient.ConnectAsync(Target(silent), TimeSpan.FromMilliseconds(200), Token)
        );
        await using Fake mute = new([.. s_ok, .. s_ready], [], isSilent: true);
        await using SimpleQueryClient client = await ConnectAsync(mute);
        await Assert.ThrowsAsync<TimeoutException>(() =>
            client.QueryAsync("SHOW POOLS", TimeSpan.FromMilliseconds(200), Token)
        );
    }

    [Fact]
    public async Task Rows_and_null_are_read_as_they_stand()
    {
        byte[] rows =
        [
            .. s_column,
            .. (byte[])[(byte)'D', 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, (byte)'x'],
            .. (byte[])[(byte)'D', 0, 0, 0, 10, 0, 1, 0xff, 0xff, 0xff, 0xff],
            .. s_ready,
        ];
        await using Fake server = new([.. s_ok, .. s_ready], rows);
        await using SimpleQueryClient client = await ConnectAsync(server);
        Assert.Equal(["x", null], (await client.QueryAsync("SHOW X", Patience, Token)).Select(static row => row["a"]));
    }

    private static TimeSpan Patience => TimeSpan.FromSeconds(20);

    private static NpgsqlConnectionStringBuilder Target(Fake server) =>
        new()
        {
            Host = "127.0.0.1",
            Port = server.Port,
            Username = "stats",
            Database = "pgbouncer",
            Password = Secret,
            SslMode = SslMode.Disable,
        };

    private static Task<SimpleQueryClient> ConnectAsync(Fake server) =>
        SimpleQueryClient.ConnectAsync(Target(server), Patience, Token);

    /// <summary>Answers the first message, then the second, and closes, or says nothing more.</summary>
    private sealed class Fake : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public Fake(byte[] first, byte[] second, bool isSilent = false)
        {
            _listener.Start();
            _serving = ServeAsync(first, second, isSilent);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync(byte[] first, byte[] second, bool isSilent)
        {
            using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
            NetworkStream stream = client.GetStream();
            byte[] asked = new byte[1024];
            foreach (byte[] answer in (byte[][])(second.Length > 0 || isSilent ? [first, second] : [first]))
            {
                if (await stream.ReadAsync(asked, _stop.Token) == 0)
                {
                    return;
                }
                await stream.WriteAsync(answer, _stop.Token);
                if (isSilent && answer.Length == 0)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }
            }
        }
    }
}
