// The stream of live values: bounded in number, and nothing is kept for one who does not read.
using System.Net;
using System.Net.Sockets;
using System.Text;
using Drover.App.Dashboard;

namespace Drover.Tests.Dashboard;

public sealed class EventStreamTests
{
    [Fact]
    public async Task Each_sample_is_one_event()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();
        using HttpResponseMessage answer = await OpenAsync(stage);
        using StreamReader reader = new(
            await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken),
            Encoding.UTF8
        );

        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("{\"at\":", await ReadEventAsync(reader), StringComparison.Ordinal);
        stage.Parts.Feed.Tick();
        Assert.Contains("\"clients_waiting\":7", await ReadEventAsync(reader), StringComparison.Ordinal);
    }

    [Fact]
    public async Task There_are_so_many_streams_and_no_more()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();
        List<HttpResponseMessage> open = [];
        for (int i = 0; i < EventStream.StreamsMax; i++)
        {
            open.Add(await OpenAsync(stage));
            Assert.Equal(HttpStatusCode.OK, open[^1].StatusCode);
        }

        using HttpResponseMessage refused = await OpenAsync(stage);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        open.ForEach(static one => one.Dispose());
        await UntilAsync(async () =>
        {
            stage.Parts.Feed.Tick();
            using HttpResponseMessage again = await OpenAsync(stage);
            return again.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task Reader_who_does_not_read_is_cut()
    {
        await using DashboardStage stage = await DashboardStage.StartAsync(
            streamTimeout: TimeSpan.FromMilliseconds(200)
        );
        stage.Parts.Feed.Measured = () =>
            [new("padding " + new string('x', 100_000), "measured", null, new Dictionary<string, double>())];
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.ReceiveBufferSize = 4096;
        await socket.ConnectAsync(
            new IPEndPoint(IPAddress.Loopback, stage.Server.Address.Port),
            TestContext.Current.CancellationToken
        );
        await socket.SendAsync(
            "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(),
            TestContext.Current.CancellationToken
        );
        await UntilAsync(() => Task.FromResult(stage.Parts.Stream.Streams == 1));

        await UntilAsync(() =>
        {
            stage.Parts.Feed.Tick();
            return Task.FromResult(stage.Parts.Stream.Streams == 0);
        });
    }

    private static Task<HttpResponseMessage> OpenAsync(DashboardStage stage) =>
        stage.Http.GetAsync(
            "/api/v1/stream",
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );

    private static async Task<string> ReadEventAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return line[6..];
            }
        }
        return "";
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (int i = 0; i < 500; i++)
        {
            if (await isSo())
            {
                return;
            }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
        Assert.Fail("it did not come to that");
    }
}
