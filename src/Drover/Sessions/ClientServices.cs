// What every client connection needs of the proxy: one object, built once.
using Drover.Administration;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Pooling.Servers;
using Drover.Protocol.Authentication;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;
using Drover.Sessions.Login;
using Drover.Sessions.Sharded;
using Drover.Telemetry;
using Drover.Telemetry.Statements;
using Microsoft.Extensions.Logging;

namespace Drover.Sessions;

/// <summary>Shared by all clients; its changing parts are replaced whole by a reload.</summary>
internal sealed class ClientServices(PoolDirectory directory, ServerConnector connector, TimeProvider time, ILogger log)
{
    public PoolDirectory Directory => directory;

    public ServerConnector Connector => connector;

    public TimeProvider Time => time;

    public ILogger Log => log;

    public DroverOptions Options => directory.Options;

    public ClientRegistry Registry { get; } = new();

    public CancelKeys CancelKeys { get; } = new();

    public UserSecrets Secrets { get; } = new(directory);

    /// <summary>
    /// Makes up what an unknown user needs in a SCRAM exchange, with the rounds that scram_iterations says; per
    /// process, so that salts stay the same.
    /// </summary>
    public ScramMock Mock
    {
        get
        {
            int iterations = Options.Proxy.Authentication.ScramIterations;
            return field.Iterations == iterations ? field : (field = field.With(iterations));
        }
    } = new();

    public ServerTls ServerTls => connector.Tls;

    /// <summary>Set on start and by each reload.</summary>
    public ClientTls ClientTls { get; set; } = new(new TlsOptions { Sslmode = TlsMode.Disable });

    /// <summary>Maps and routers of sharded databases, by name; settled at the start of the process.</summary>
    public IReadOnlyDictionary<string, ShardedDatabaseState> Sharded { get; init; } =
        new Dictionary<string, ShardedDatabaseState>();

    /// <summary>What their clients ran, by name.</summary>
    public IReadOnlyDictionary<string, CrossShardStatistics> CrossShard { get; init; } =
        new Dictionary<string, CrossShardStatistics>();

    /// <summary>Says which statements need several shards, where somebody wants to know.</summary>
    public CrossShardLog CrossShardLines { get; } = new(time);

    /// <summary>Opens the admin console; null where there is none.</summary>
    public IConsoleFactory? Consoles { get; set; }

    /// <summary>What clients did on the console, for its row in SHOW STATS.</summary>
    public TrafficCounters ConsoleTraffic { get; } = new();

    public static long NextId() => ServerConnector.NextId();

    /// <summary>Deals with a cancel request, packet and all. The sender is told nothing, as in PostgreSQL.</summary>
    public async Task<SessionEnd> CancelAsync(byte[] packet, CancellationToken cancellationToken)
    {
        if (!CancelRequest.TryRead(packet.AsSpan(StartupHeader.Size), out CancelRequest request))
        {
            return new SessionEnd("malformed cancel request");
        }
        ICancellable? target = CancelKeys.Find(request.ProcessId, request.Key);
        if (target is null)
        {
            return new SessionEnd("cancel request for an unknown key");
        }
        TimeSpan wait = Options.Proxy.Timeouts.CancelWaitTimeout;
        using CancellationTokenSource late = new(wait > TimeSpan.Zero ? wait : Timeout.InfiniteTimeSpan, time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken,
            late.Token
        );
        await target.CancelAsync(limit.Token);
        return new SessionEnd(late.IsCancellationRequested ? "cancel_wait_timeout" : "cancel request done");
    }
}
