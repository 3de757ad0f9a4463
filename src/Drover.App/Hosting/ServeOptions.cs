// What the command line of `drover serve` says.
using Drover.Configuration;

namespace Drover.App.Hosting;

/// <summary>How to serve.</summary>
/// <param name="File">The configuration file.</param>
/// <param name="Kind">Its format.</param>
internal sealed record ServeOptions(string File, ConfigurationKind Kind)
{
    /// <summary>How many <c>-v</c>: added to the setting verbose.</summary>
    public int Verbose { get; init; }

    /// <summary>No log on standard error.</summary>
    public bool Quiet { get; init; }

    /// <summary>The form of log lines.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>Loads the file that was named, or the one that <c>conffile</c> has put in its place.</summary>
    public Task<ConfigurationResult> LoadAsync(DroverOptions? running, CancellationToken cancellation)
    {
        string other = running?.Proxy.Admin.Conffile ?? "";
        return other.Length > 0
            ? ConfigurationLoader.LoadAsync(other, ConfigurationLoader.KindOf(other), cancellation)
            : ConfigurationLoader.LoadAsync(File, Kind, cancellation);
    }

    /// <summary>The log's settings with those of the command line.</summary>
    public LogOptions Log(LogOptions options) => options with { Verbose = options.Verbose + Verbose };
}
