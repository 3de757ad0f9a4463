// Loads a configuration file whole: for the start, for RELOAD, for `drover config check`.
using Drover.Configuration.Authentication;
using Drover.Configuration.Files;

namespace Drover.Configuration;

/// <summary>Reads a file and all that it names; the answer is complete options or every error.</summary>
internal static class ConfigurationLoader
{
    /// <summary>The kind of a file by its name: <c>.toml</c> or PgBouncer's.</summary>
    public static ConfigurationKind KindOf(string path) =>
        path.EndsWith(".toml", StringComparison.OrdinalIgnoreCase)
            ? ConfigurationKind.Toml
            : ConfigurationKind.PgBouncerIni;

    /// <summary>
    /// Reads settings, then the files of users and rules, then checks what must fit together.
    /// Never throws for what is in the files or for files that cannot be read.
    /// </summary>
    public static async Task<ConfigurationResult> LoadAsync(
        string path,
        ConfigurationKind kind,
        CancellationToken cancellation
    )
    {
        ConfigurationDraft draft = await ReadAsync(path, kind, cancellation);
        if (!draft.IsUnread)
        {
            await AuthenticationFileReader.ReadAsync(draft, cancellation);
            ConfigurationValidator.Check(draft);
        }
        return draft.ToResult();
    }

    /// <summary>Reads settings only, for the converter: files that they name need not exist here.</summary>
    public static async Task<ConfigurationResult> LoadSettingsAsync(
        string path,
        ConfigurationKind kind,
        CancellationToken cancellation
    ) => (await ReadAsync(path, kind, cancellation)).ToResult();

    private static async Task<ConfigurationDraft> ReadAsync(
        string path,
        ConfigurationKind kind,
        CancellationToken cancellation
    )
    {
        ConfigurationDraft draft = new(path);
        if (kind == ConfigurationKind.PgBouncerIni)
        {
            await new PgBouncerIniReader(draft).ReadAsync(path, cancellation);
        }
        else
        {
            await TomlConfigurationReader.ReadAsync(draft, path, cancellation);
        }
        return draft;
    }
}
