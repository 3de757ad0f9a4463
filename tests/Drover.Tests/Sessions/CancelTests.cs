// Cancel requests: only the query of the client that asks, and nobody gets the server before it is dealt with.
using Drover.Protocol.Messages.Frontend;
using Drover.Tests.Fakes;

namespace Drover.Tests.Sessions;

public sealed class CancelTests
{
    [Fact]
    public async Task Cancel_reaches_the_server_that_runs_the_clients_query()
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.QueryAsync("SLEEP");
        await ArrivedAsync(stage);
        await CancelAsync(stage, client);
        Assert.Equal("57014", (await client.ExpectAsync("E")).SqlState);
        await client.ExpectAsync("Z");
        Assert.Equal(stage.Server.Backends[0].ProcessId, Assert.Single(stage.Server.Cancels));
    }

    [Fact]
    public async Task Server_is_not_handed_over_while_a_cancel_is_in_flight()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        stage.Server.HoldCancels = hold;
        await first.QueryAsync("SLEEP");
        FakeBackend backend = await ArrivedAsync(stage);
        Task cancel = CancelAsync(stage, first);
        await ProxyStage.UntilAsync(() => !stage.Server.Cancels.IsEmpty, "the cancel request to arrive");
        backend.Wake();
        await first.ExpectAsync("CZ");
        await second.QueryAsync("b");
        Assert.True(await second.Wire.IsSilentAsync(TimeSpan.FromMilliseconds(200)), "handed over too early");
        hold.SetResult();
        await cancel;
        Assert.Equal("TDCZI", await second.ReadShapeAsync());
    }

    [Fact]
    public async Task Cancel_of_an_idle_client_reaches_no_server()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("a");
        await second.QueryAsync("SLEEP");
        FakeBackend backend = await ArrivedAsync(stage);
        await CancelAsync(stage, first);
        backend.Wake();
        await second.ExpectAsync("CZ");
        Assert.Empty(stage.Server.Cancels);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    public async Task Cancel_with_a_wrong_key_reaches_no_server(int processIdError, byte keyError)
    {
        await using ProxyStage stage = Start();
        using FakeClient client = await stage.ConnectAsync();
        await client.QueryAsync("SLEEP");
        FakeBackend backend = await ArrivedAsync(stage);
        byte[] key = [.. client.CancelKey];
        key[0] ^= keyError;
        await CancelAsync(stage, client.ProcessId + processIdError, key);
        backend.Wake();
        await client.ExpectAsync("CZ");
        Assert.Empty(stage.Server.Cancels);
    }

    [Fact]
    public async Task Cancel_while_waiting_for_a_server_answers_57014_and_the_client_goes_on()
    {
        await using ProxyStage stage = Start();
        using FakeClient first = await stage.ConnectAsync();
        using FakeClient second = await stage.ConnectAsync();
        await first.RunAsync("BEGIN");
        await second.QueryAsync("b");
        await ProxyStage.UntilAsync(() => stage.Pool.Waiting().Count == 1, "the client to wait");
        await CancelAsync(stage, second);
        Assert.Equal("57014", (await second.ReadAsync())?.SqlState);
        Assert.Equal('Z', (await second.ReadAsync())?.Type);
        Assert.Equal((0, 0L), stage.Pool.Waiting());
        Assert.Equal("CZI", await first.RunAsync("COMMIT"));
        Assert.Equal("TDCZI", await second.RunAsync("SELECT"));
    }

    private static async Task<FakeBackend> ArrivedAsync(ProxyStage stage)
    {
        FakeBackend backend = await stage.Server.BackendAsync(0);
        await ProxyStage.UntilAsync(
            () =>
            {
                lock (backend.Received)
                {
                    return backend.Received.Contains("Q SLEEP");
                }
            },
            "the query to arrive"
        );
        return backend;
    }

    private static Task CancelAsync(ProxyStage stage, FakeClient client) =>
        CancelAsync(stage, client.ProcessId, client.CancelKey);

    private static async Task CancelAsync(ProxyStage stage, int processId, byte[] key)
    {
        using FakeClient request = await FakeClient.DialAsync(stage.Port);
        await request.SendAsync(w => CancelRequest.Write(w, processId, key));
        Assert.Null(await request.ReadAsync());
    }

    private static ProxyStage Start() => ProxyStage.Start(o => o with { Pool = o.Pool with { DefaultPoolSize = 1 } });
}
