// The settings as the console shows and sets them: SHOW CONFIG and SET.
namespace Drover.Configuration.Settings;

/// <summary>A row of SHOW CONFIG.</summary>
/// <param name="Key">The setting.</param>
/// <param name="Value">Its value, stars for a secret.</param>
/// <param name="Default">Its default.</param>
/// <param name="Changeable">True when SET or RELOAD can change it.</param>
internal readonly record struct SettingRow(string Key, string Value, string Default, bool Changeable);

/// <summary>SHOW CONFIG and SET.</summary>
internal static class SettingConsole
{
    /// <summary>All rows, by name.</summary>
    public static IEnumerable<SettingRow> Show(ProxyOptions options)
    {
        ProxyOptions defaults = new();
        return SettingCatalog.ByName.Select(setting => new SettingRow(
            setting.Name,
            setting.Show(options) ?? "",
            setting.Format(defaults) ?? "",
            setting.Reload == SettingReload.OnReload
        ));
    }

    /// <summary>The options with one setting changed; null and why not.</summary>
    public static ProxyOptions? Set(ProxyOptions options, string name, string text, out string problem)
    {
        if (SettingCatalog.Proxy.Find(name) is not { } setting)
        {
            string? nearest = SettingCatalog.Proxy.Nearest(name);
            problem = $"unknown setting '{name}'" + (nearest is null ? "" : $": did you mean {nearest}?");
            return null;
        }
        if (setting.Reload == SettingReload.Restart)
        {
            problem = $"{name} cannot be changed while the proxy runs: change the file and restart";
            return null;
        }
        ProxyOptions? changed = setting.Set(options, text, out string wrong);
        problem = changed is null ? $"{name}: the value {wrong}" : "";
        return changed;
    }
}
