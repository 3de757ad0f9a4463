// A temporary folder with configuration files.
using Drover.Configuration;

namespace Drover.Tests.Configuration;

internal sealed class ConfigurationFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("drover-config-");

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return PathOf(name);
    }

    public Task<ConfigurationResult> LoadIniAsync(string text) =>
        ConfigurationLoader.LoadAsync(
            Write("pgbouncer.ini", text),
            ConfigurationKind.PgBouncerIni,
            TestContext.Current.CancellationToken
        );

    public Task<ConfigurationResult> LoadTomlAsync(string text) =>
        ConfigurationLoader.LoadAsync(
            Write("drover.toml", text),
            ConfigurationKind.Toml,
            TestContext.Current.CancellationToken
        );

    public async Task<DroverOptions> ValidIniAsync(string text) => Valid(await LoadIniAsync(text));

    public async Task<DroverOptions> ValidTomlAsync(string text) => Valid(await LoadTomlAsync(text));

    public static DroverOptions Valid(ConfigurationResult result)
    {
        Assert.True(result.IsValid, string.Join('\n', result.Errors));
        return result.Options;
    }

    public void Dispose() => _folder.Delete(true);
}
