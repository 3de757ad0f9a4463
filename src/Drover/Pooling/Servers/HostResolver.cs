// Names of server hosts to addresses, cached as dns_max_ttl says.
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Drover.Configuration;
using Drover.Telemetry;
using Drover.Transport.Sockets;

namespace Drover.Pooling.Servers;

/// <summary>
/// Resolves a host of a database entry. A name that failed is not asked for again before dns_nxdomain_ttl.
/// </summary>
internal sealed class HostResolver(TimeProvider time)
{
    private const int NamesMax = 4096;

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Endpoints of a host, in the order to try. Throws <see cref="SocketException"/> when the name has none.
    /// </summary>
    public async ValueTask<IReadOnlyList<EndPoint>> ResolveAsync(
        string host,
        int port,
        ProxyOptions options,
        CancellationToken cancellationToken
    )
    {
        if (host.Length == 0 || host[0] is '/' or '@')
        {
            return [UnixAddress.In(host.Length == 0 ? DefaultSocketFolder(options) : host, port)];
        }
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [new IPEndPoint(address, port)];
        }
        Answer answer = await LookUpAsync(host, options.Network, cancellationToken);
        return answer.Addresses.Length == 0
            ? throw new SocketException((int)SocketError.HostNotFound)
            : [.. answer.Addresses.Select(found => new IPEndPoint(found, port))];
    }

    public IReadOnlyList<DnsHostSnapshot> Snapshot() =>
        [
            .. _answers.Select(entry => new DnsHostSnapshot(
                entry.Key,
                Math.Max(0, (long)(entry.Value.Expires - time.GetUtcNow()).TotalSeconds),
                [.. entry.Value.Addresses.Select(static address => address.ToString())]
            )),
        ];

    /// <summary>RECONNECT and RELOAD ask again.</summary>
    public void Clear() => _answers.Clear();

    private async ValueTask<Answer> LookUpAsync(
        string host,
        NetworkOptions options,
        CancellationToken cancellationToken
    )
    {
        if (_answers.TryGetValue(host, out Answer? known) && known.Expires > time.GetUtcNow())
        {
            return known;
        }
        IPAddress[] addresses;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException)
        {
            addresses = [];
        }
        if (_answers.Count >= NamesMax)
        {
            _answers.Clear();
        }
        TimeSpan life = addresses.Length > 0 ? options.DnsMaxTtl : options.DnsNxdomainTtl;
        return _answers[host] = new Answer(addresses, time.GetUtcNow() + life);
    }

    private static string DefaultSocketFolder(ProxyOptions options) =>
        Directory.Exists("/var/run/postgresql") && !File.Exists($"{options.Listen.UnixSocketDir}/.s.PGSQL.5432")
            ? "/var/run/postgresql"
            : options.Listen.UnixSocketDir;

    private sealed record Answer(IPAddress[] Addresses, DateTimeOffset Expires);
}
