// Unix sockets in Linux's abstract namespace: a folder that begins with @.
using System.Net;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Pooling.Servers;
using Drover.Proxy;
using Drover.Transport.Sockets;

namespace Drover.Tests.Hosting;

public sealed class AbstractSocketTests
{
    [Fact]
    public async Task Proxy_listens_under_the_name_that_a_host_of_that_name_is_looked_for()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux has them");
        CancellationToken token = TestContext.Current.CancellationToken;
        string name = $"@drover-{Guid.NewGuid():N}";
        ProxyOptions options = new()
        {
            Listen = new ListenOptions { UnixSocketDir = name, ListenPort = 5432 },
        };
        using Socket listener = Assert.Single(ListenSockets.Bind(options));
        IReadOnlyList<EndPoint> found = await new HostResolver(TimeProvider.System).ResolveAsync(
            name,
            5432,
            options,
            token
        );
        using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(Assert.Single(found), token);
        using Socket accepted = await listener.AcceptAsync(token);
        Assert.False(Directory.Exists(name), "there is a folder of that name");
        // A cancel request goes back the way that the connection's path describes.
        Assert.Equal(found[0], UnixAddress.Of(found[0].ToString()!));
        Assert.Throws<IOException>(() => ListenSockets.Bind(options));
    }
}
