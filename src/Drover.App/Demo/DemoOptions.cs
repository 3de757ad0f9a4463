// What the user asked of the demo, and the figures that its scenes share.
namespace Drover.App.Demo;

/// <summary>The demo's options; the defaults are the command's.</summary>
internal sealed record DemoOptions
{
    /// <summary>The sample price without another one.</summary>
    public const int ServerMonthDefault = 100;

    /// <summary>A sample price: dollars a month for each server of the last table.</summary>
    public int ServerMonth { get; init; } = ServerMonthDefault;

    /// <summary>Size of the shop: 1 is a thousandth of the database of 2 TB, about 1.9 million rows.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>How long each scene is measured, in seconds.</summary>
    public int Seconds { get; init; } = 15;

    /// <summary>Clients that connect straight to PostgreSQL, each on a connection of its own.</summary>
    public int DirectClients { get; init; } = 400;

    /// <summary>Clients that connect through Drover.</summary>
    public int PooledClients { get; init; } = 1000;

    /// <summary>Connections that Drover may open to PostgreSQL.</summary>
    public int ServerConnections { get; init; } = 20;

    /// <summary>Queries per second that all clients of a scene together ask for.</summary>
    public int QueriesPerSecond { get; init; } = 1000;

    /// <summary>The scenes to play, by name; all without one.</summary>
    public IReadOnlyList<string> Scenes { get; init; } = [];

    /// <summary>Where the figures are written as JSON; null for nowhere.</summary>
    public string? JsonFile { get; init; }

    /// <summary>Whether everything stays up after the last scene, until Ctrl-C.</summary>
    public bool Keep { get; init; }

    /// <summary>Another proxy that takes an ini file as its only argument; null for Drover itself.</summary>
    public string? ProxyProgram { get; init; }

    /// <summary>A folder of PostgreSQL's programs; null for the pinned package.</summary>
    public string? PostgresBinFolder { get; init; }
}
