// Reads the files that auth_file, auth_hba_file and auth_ident_file name.
namespace Drover.Configuration.Authentication;

/// <summary>Reads the files of users, rules and maps into a draft.</summary>
internal static class AuthenticationFileReader
{
    /// <summary>Reads what the draft's settings name; problems become errors of the draft.</summary>
    public static async Task ReadAsync(ConfigurationDraft draft, CancellationToken cancellation)
    {
        AuthenticationOptions options = draft.Proxy.Authentication;
        AuthenticationFiles files = new();
        if (options.AuthFile.Length > 0)
        {
            bool needed = options.AuthType != AuthType.Any && !draft.HasAuthUser;
            string? text = await ReadTextAsync(draft, "auth_file", options.AuthFile, needed, cancellation);
            files = files with { Users = UserList.Parse(text ?? "", Broken(draft, options.AuthFile)) };
        }
        if (options.AuthType == AuthType.Hba && options.AuthHbaFile.Length > 0)
        {
            string? text = await ReadTextAsync(draft, "auth_hba_file", options.AuthHbaFile, true, cancellation);
            string folder = Path.GetDirectoryName(Path.GetFullPath(options.AuthHbaFile)) ?? "";
            files = files with
            {
                Rules = await HbaRules.ParseAsync(
                    text ?? "",
                    name => ReadNamesAsync(folder, name, cancellation),
                    Broken(draft, options.AuthHbaFile)
                ),
            };
        }
        if (options.AuthType == AuthType.Hba && options.AuthIdentFile.Length > 0)
        {
            string? text = await ReadTextAsync(draft, "auth_ident_file", options.AuthIdentFile, true, cancellation);
            files = files with { IdentMap = IdentMap.Parse(text ?? "", Broken(draft, options.AuthIdentFile)) };
        }
        draft.AuthenticationFiles = files;
    }

    private static Action<int, string> Broken(ConfigurationDraft draft, string file) =>
        (line, problem) => draft.Error(new SourcePlace(file, line), problem);

    private static async Task<string?> ReadTextAsync(
        ConfigurationDraft draft,
        string setting,
        string file,
        bool needed,
        CancellationToken cancellation
    )
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            string message = $"{setting}: cannot read '{file}': {error.Message}";
            if (needed)
            {
                draft.Error(draft.PlaceOf(setting), message);
            }
            else
            {
                draft.Warn(draft.PlaceOf(setting), message);
            }
            return null;
        }
    }

    private static async Task<string?> ReadNamesAsync(string folder, string name, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(Path.Combine(folder, name), cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
