// What must hold for servers that are measured.
namespace Drover.Configuration;

/// <summary>Checks [monitor] and [monitor.servers.NAME] of a draft.</summary>
internal static class MonitorValidator
{
    /// <summary>Adds an error for everything that does not fit together.</summary>
    public static void Check(ConfigurationDraft draft)
    {
        DroverOptions options = draft.ToOptions();
        TimeSpan interval = options.Monitor.Interval;
        if (interval != TimeSpan.Zero && interval < ConfigurationLimits.MonitorIntervalMin)
        {
            draft.Error(
                draft.PlaceOf("monitor.interval"),
                $"interval: samples can be 1 s apart at least, not {interval.TotalSeconds} s"
            );
        }
        foreach (MonitoredServerOptions server in options.MonitoredServers)
        {
            SourcePlace place = draft.PlaceOf(server);
            if (server.Connection.Length == 0)
            {
                draft.Error(
                    place,
                    $"server '{server.Name}' has no connection: set it to a connection string, such as "
                        + "\"host=db1 dbname=shop user=drover\""
                );
            }
            bool isUrl =
                Uri.TryCreate(server.NodeExporter, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https";
            if (server.NodeExporter.Length > 0 && !isUrl)
            {
                draft.Error(
                    place,
                    $"node_exporter: '{server.NodeExporter}' is not a URL: write for example "
                        + "http://db1:9100/metrics"
                );
            }
        }
    }
}
