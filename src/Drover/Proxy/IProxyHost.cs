// What the process around the data plane is told of its life: log, service manager and exit are its business.
using Drover.Configuration;

namespace Drover.Proxy;

/// <summary>Called from any thread; must not throw.</summary>
internal interface IProxyHost
{
    /// <summary>Reads the configuration again.</summary>
    Task<ConfigurationResult> LoadAsync(DroverOptions running, CancellationToken cancellation);

    /// <summary>A reload begins.</summary>
    void Reloading();

    /// <summary>The reload is over; nothing or everything has changed.</summary>
    void Reloaded();

    /// <summary>These options are in force now, by a reload or by SET.</summary>
    void Applied(DroverOptions options);

    /// <summary>No new clients from now on.</summary>
    void Draining();

    /// <summary>The process is to exit.</summary>
    void Stopped();
}
