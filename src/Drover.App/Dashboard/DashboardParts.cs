// What the web page is made of, put together once.
using System.Diagnostics.CodeAnalysis;
using Drover.Administration;
using Drover.App.Dashboard.Api;
using Drover.Configuration;
using Drover.History;
using Drover.Topology;
using Microsoft.Extensions.Logging;

namespace Drover.App.Dashboard;

/// <summary>What the page reads.</summary>
/// <param name="Proxy">The running proxy.</param>
/// <param name="Maps">The sharded databases and their maps; null where none is known yet.</param>
/// <param name="Journals">The journals of operations.</param>
/// <param name="Servers">Servers that are measured.</param>
internal sealed record DashboardSources(
    IProxyAdministration Proxy,
    Func<IReadOnlyList<(string Database, TopologySnapshot? Map)>> Maps,
    IJournals Journals,
    IServerHistory Servers
)
{
    /// <summary>The configuration in force, for prices.</summary>
    public Func<DroverOptions> Options { get; init; } = static () => new DroverOptions();
}

/// <summary>The parts of one page's server.</summary>
internal sealed class DashboardParts
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_streamTimeout = TimeSpan.FromSeconds(10);

    private DashboardParts(
        WebOptions options,
        ServedCertificate? certificate,
        DashboardAccess access,
        LiveFeed feed,
        EventStream stream,
        ApiRoutes routes
    )
    {
        Options = options;
        Certificate = certificate;
        Access = access;
        Feed = feed;
        Stream = stream;
        Routes = routes;
    }

    /// <summary>Where, and who may see it.</summary>
    public WebOptions Options { get; }

    /// <summary>For TLS; null: there is none.</summary>
    public ServedCertificate? Certificate { get; }

    /// <summary>Login and token.</summary>
    public DashboardAccess Access { get; }

    /// <summary>Live values.</summary>
    public LiveFeed Feed { get; }

    /// <summary>Live values as events.</summary>
    public EventStream Stream { get; }

    /// <summary>The JSON interface.</summary>
    public ApiRoutes Routes { get; }

    /// <summary>The page's own files.</summary>
    public StaticFiles Files { get; } = StaticFiles.Load();

    /// <summary>Reads token and certificate, and puts all together; nothing runs yet.</summary>
    /// <param name="options">Valid options with an address.</param>
    /// <param name="sources">What the page reads.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">The log.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="problem">Why the page may not be served, and what to do.</param>
    /// <param name="streamTimeout">How long a reader of the stream may take for one sample.</param>
    public static bool TryCreate(
        WebOptions options,
        DashboardSources sources,
        TimeProvider time,
        ILoggerFactory loggers,
        [NotNullWhen(true)] out DashboardParts? parts,
        [NotNullWhen(false)] out string? problem,
        TimeSpan? streamTimeout = null
    )
    {
        parts = null;
        problem = null;
        ILogger log = loggers.CreateLogger("web");
        AccessToken? token = null;
        if (options.WebTokenFile.Length > 0 && !AccessToken.TryLoad(options.WebTokenFile, out token, out problem))
        {
            return false;
        }
        ServedCertificate? certificate = null;
        if (options.HasTls && !ServedCertificate.TryLoad(options, time, log, out certificate, out problem))
        {
            return false;
        }
        DashboardAccess access = new(options, token, time, log);
        LiveFeed feed = new(sources.Proxy, time, s_interval);
        ServerBoard servers = new(sources.Servers);
        feed.Measured = servers.Live;
        EventStream stream = new(feed, log) { WriteTimeout = streamTimeout ?? s_streamTimeout };
        parts = new DashboardParts(
            options,
            certificate,
            access,
            feed,
            stream,
            new ApiRoutes(sources, access, feed, stream, time)
        );
        return true;
    }
}
