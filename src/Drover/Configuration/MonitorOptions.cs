// What a configuration says about servers that are measured all the time.
namespace Drover.Configuration;

/// <summary>The section [monitor].</summary>
internal sealed record MonitorOptions
{
    /// <summary>Time between two samples of a server; 0 for no measuring.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many days samples are kept; what is kept per day stays.</summary>
    public int Retention { get; init; } = 30;

    /// <summary>
    /// Connection string of the database that keeps the history of all servers; empty: each server's own database
    /// keeps its own. Never shown.
    /// </summary>
    public string History { get; init; } = "";

    /// <summary>
    /// One in so many statements that go through this proxy to a measured server is looked at, with its parameters,
    /// for how far back it asks; 0 for none.
    /// </summary>
    public int SampleStatements { get; init; } = 100;
}

/// <summary>A server that is measured: [monitor.servers.NAME].</summary>
internal sealed record MonitoredServerOptions
{
    /// <summary>Its name on pages and in metrics.</summary>
    public required string Name { get; init; }

    /// <summary>Connection string of the database whose tables and statements are looked at. Never shown.</summary>
    public string Connection { get; init; } = "";

    /// <summary>
    /// Connection string of the console of the PgBouncer or Drover in front of it; empty: pools are not looked at.
    /// Never shown.
    /// </summary>
    public string Console { get; init; } = "";

    /// <summary>URL of a node_exporter on the server's machine; empty: /proc is read, where that can be.</summary>
    public string NodeExporter { get; init; } = "";
}
