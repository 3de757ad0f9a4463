// What a RELOAD changes: settings that need a restart keep their running value.
using System.Collections.Immutable;
using Drover.Configuration.Settings;

namespace Drover.Configuration;

/// <summary>The outcome of putting a newly loaded configuration over the running one.</summary>
/// <param name="Options">What holds from now on.</param>
/// <param name="Changed">Names of the process's settings that changed.</param>
/// <param name="NeedRestart">Names of settings whose new value holds only after a restart.</param>
internal sealed record ConfigurationReload(
    DroverOptions Options,
    ImmutableArray<string> Changed,
    ImmutableArray<string> NeedRestart
)
{
    /// <summary>Compares, and keeps the running value of settings that need a restart.</summary>
    public static ConfigurationReload Plan(DroverOptions running, DroverOptions loaded)
    {
        List<string> changed = [];
        List<string> needRestart = [];
        ProxyOptions proxy = loaded.Proxy;
        foreach (Setting<ProxyOptions> setting in SettingCatalog.ByName)
        {
            string before = setting.Format(running.Proxy) ?? "";
            if (before == setting.Format(loaded.Proxy))
            {
                continue;
            }
            if (setting.Reload == SettingReload.OnReload)
            {
                changed.Add(setting.Name);
                continue;
            }
            needRestart.Add(setting.Name);
            proxy = setting.Set(proxy, before, out _) ?? proxy;
        }
        return new ConfigurationReload(loaded with { Proxy = proxy }, [.. changed], [.. needRestart]);
    }
}
