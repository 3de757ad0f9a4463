// What a client sees at login, remembered by the start-up parameters it gave: the server is asked once.
using System.Collections.Concurrent;

namespace Drover.Pooling.Servers;

/// <summary>The outcome of start-up parameters on a server.</summary>
/// <param name="Startup">The start-up parameters, in the server's own spelling: what RESET goes back to.</param>
/// <param name="Settings">What the session is to have, in the server's own spelling.</param>
/// <param name="Reported">What ParameterStatus tells the client.</param>
internal sealed record StartupProfile(ParameterSet Startup, ParameterSet Settings, ParameterSet Reported);

internal sealed class StartupProfiles
{
    /// <summary>Profiles kept; application names with a random part must not fill the memory.</summary>
    private const int CountMax = 1024;

    private readonly ConcurrentDictionary<ParameterSet, StartupProfile> _known = new();

    public bool TryFind(ParameterSet startup, out StartupProfile? profile) => _known.TryGetValue(startup, out profile);

    public void Add(ParameterSet startup, StartupProfile profile)
    {
        if (_known.Count >= CountMax)
        {
            _known.Clear();
        }
        _known[startup] = profile;
    }

    /// <summary>Server settings may have changed: ask again.</summary>
    public void Clear() => _known.Clear();
}
