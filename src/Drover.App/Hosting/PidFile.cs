// The file with our process id (setting pidfile), which also keeps a second proxy from starting by mistake.
using System.Globalization;

namespace Drover.App.Hosting;

/// <summary>Written at start, removed on dispose.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string _path;

    private PidFile(string path) => _path = path;

    /// <summary>Writes the file; one that is left over from a process that is gone is replaced.</summary>
    /// <exception cref="IOException">A process of that number runs, or the file cannot be written.</exception>
    public static PidFile? Create(string path)
    {
        if (path.Length == 0)
        {
            return null;
        }
        if (
            File.Exists(path)
            && int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            && pid != Environment.ProcessId
            && Directory.Exists($"/proc/{pid}")
        )
        {
            throw new IOException(
                $"pidfile {path} names process {pid}, which runs: stop it, or remove the file if it is no proxy"
            );
        }
        File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n"));
        return new PidFile(path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next start replaces it.
        }
    }
}
