// Where fetched binaries are kept: outside the working tree, and readable for the user that the server runs as.
namespace Drover.App.LocalPostgres;

/// <summary>The folder of what Drover fetched.</summary>
internal static class CacheFolder
{
    /// <summary>Readable for everybody: root's cache, and an ordinary user's too once root has filled it.</summary>
    public const string Shared = "/var/cache/drover";

    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    /// <summary>The folder that this user may write to.</summary>
    public static string OfThisUser()
    {
        if (Environment.IsPrivilegedProcess)
        {
            return Shared;
        }
        string? configured = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!string.IsNullOrEmpty(configured) && Path.IsPathRooted(configured))
        {
            return Path.Combine(configured, "drover");
        }
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, ".cache", "drover");
    }

    /// <summary>Creates a folder, and those above it, that every user may read.</summary>
    /// <exception cref="LocalPostgresException">The folder cannot be created.</exception>
    public static void Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder, ReadableByAll);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LocalPostgresException(
                $"the cache folder {folder} cannot be created ({failure.Message}): set XDG_CACHE_HOME to one that can",
                failure
            );
        }
    }

    /// <summary>Makes a tree readable for every user, whatever the umask was when it was written.</summary>
    public static void MakeReadable(string folder)
    {
        File.SetUnixFileMode(folder, ReadableByAll);
        foreach (
            FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
        )
        {
            if (entry.LinkTarget is not null)
            {
                continue;
            }
            UnixFileMode mode =
                entry is DirectoryInfo
                    ? ReadableByAll
                    : entry.UnixFileMode | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
            bool runs = (mode & UnixFileMode.UserExecute) != 0;
            entry.UnixFileMode = runs ? mode | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : mode;
        }
    }
}
