// Every receive and every send of a whole conversation goes wrong once, in every way, on both sides of the proxy.
using Drover.Tests.Fakes;

namespace Drover.Tests.Fire;

public sealed class BrokenConnectionTests
{
    [Theory]
    [InlineData(FaultSide.ClientReceive, Fault.Break)]
    [InlineData(FaultSide.ClientReceive, Fault.End)]
    [InlineData(FaultSide.ClientSend, Fault.Break)]
    [InlineData(FaultSide.ServerReceive, Fault.Break)]
    [InlineData(FaultSide.ServerReceive, Fault.End)]
    [InlineData(FaultSide.ServerSend, Fault.Break)]
    public async Task Broken_connection_leaks_no_server_and_the_next_client_is_served(object side, object fault) =>
        await FaultRun.StrikeEverywhereAsync((FaultSide)side, (Fault)fault, FaultRun.CheckBroken);
}

public sealed class StalledConnectionTests
{
    [Theory]
    [InlineData(FaultSide.ClientReceive, Fault.Delay)]
    [InlineData(FaultSide.ClientReceive, Fault.Split)]
    [InlineData(FaultSide.ClientSend, Fault.Delay)]
    [InlineData(FaultSide.ClientSend, Fault.Split)]
    [InlineData(FaultSide.ServerReceive, Fault.Delay)]
    [InlineData(FaultSide.ServerReceive, Fault.Split)]
    [InlineData(FaultSide.ServerSend, Fault.Delay)]
    [InlineData(FaultSide.ServerSend, Fault.Split)]
    public async Task Stalled_or_split_transfer_changes_no_answer(object side, object fault) =>
        await FaultRun.StrikeEverywhereAsync(
            (FaultSide)side,
            (Fault)fault,
            static (_, whole, run, place) =>
            {
                FaultRun.AssertSame(whole.First, run.First, place);
                FaultRun.AssertSame(whole.Second, run.Second, place);
            }
        );
}
