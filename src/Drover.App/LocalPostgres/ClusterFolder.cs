// The temporary folder of a cluster: its data, socket and log, and the configuration files written there.
using System.Globalization;
using System.Text;

namespace Drover.App.LocalPostgres;

/// <summary>Paths inside a cluster's folder, and what is written there.</summary>
internal sealed class ClusterFolder
{
    private const UnixFileMode OwnerWritesAllRead =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    // A socket's path is limited to 107 bytes, and its name takes up to 16 of them.
    private const int PathLengthMax = 80;

    private readonly UnprivilegedUser? _user;

    private ClusterFolder(string root, UnprivilegedUser? user)
    {
        Root = root;
        _user = user;
    }

    /// <summary>The folder that holds everything else.</summary>
    public string Root { get; }

    /// <summary>PostgreSQL's data directory.</summary>
    public string Data => Path.Combine(Root, "data");

    /// <summary>The folder of the Unix socket, open to every user.</summary>
    public string Socket => Root;

    /// <summary>What the server wrote to its standard error.</summary>
    public string Log => Path.Combine(Root, "postgres.log");

    /// <summary>Creates the folder and hands it to the user that the server runs as.</summary>
    public static async Task<ClusterFolder> CreateAsync(UnprivilegedUser? user, CancellationToken cancellationToken)
    {
        string parent = Path.GetTempPath();
        if (user is not null || parent.Length > PathLengthMax - 20)
        {
            parent = "/tmp";
        }
        string root = Path.Combine(
            parent,
            $"drover-pg-{Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal)}"
        );
        Directory.CreateDirectory(root, OwnerWritesAllRead);
        File.SetUnixFileMode(root, OwnerWritesAllRead);
        ClusterFolder folder = new(root, user);
        await folder.GiveAsync(root, cancellationToken);
        return folder;
    }

    /// <summary>Writes drover.conf, with all that the options ask for, and includes it in postgresql.conf.</summary>
    public async Task WriteSettingsAsync(LocalPostgresOptions options, int port, CancellationToken cancellationToken)
    {
        Dictionary<string, string> settings = new()
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["unix_socket_directories"] = Socket,
            ["max_connections"] = options.MaxConnections.ToString(CultureInfo.InvariantCulture),
            ["shared_buffers"] = options.SharedBuffers,
            ["fsync"] = options.Fsync ? "on" : "off",
            // In the data directory: gone with it even after a kill -9, and not bound by a container's small /dev/shm.
            ["dynamic_shared_memory_type"] = "mmap",
            ["lc_messages"] = "C",
            ["timezone"] = "UTC",
            ["log_timezone"] = "UTC",
        };
        if (options.Tls is { } tls)
        {
            settings["ssl"] = "on";
            settings["ssl_cert_file"] = await CopyPemAsync(tls.CertificateFile, "server.crt", cancellationToken);
            settings["ssl_key_file"] = await CopyPemAsync(tls.KeyFile, "server.key", cancellationToken);
            if (tls.ClientAuthorityFile is { } authority)
            {
                settings["ssl_ca_file"] = await CopyPemAsync(authority, "clients.crt", cancellationToken);
            }
        }
        foreach ((string name, string value) in options.Settings)
        {
            settings[name] = value;
        }
        StringBuilder text = new();
        foreach ((string name, string value) in settings)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{name} = '{value.Replace("'", "''", StringComparison.Ordinal)}'\n"
            );
        }
        await WriteAsync("drover.conf", text.ToString(), cancellationToken);
        string main = Path.Combine(Data, "postgresql.conf");
        if (!(await File.ReadAllTextAsync(main, cancellationToken)).Contains("drover.conf", StringComparison.Ordinal))
        {
            await File.AppendAllTextAsync(main, "\ninclude 'drover.conf'\n", cancellationToken);
        }
    }

    /// <summary>Writes pg_hba.conf: the given lines, then the closing rules.</summary>
    public Task WriteHbaAsync(IReadOnlyList<string> lines, string hostMethod, CancellationToken cancellationToken)
    {
        string[] closing =
        [
            "local all all trust",
            "local replication all trust",
            $"host all all 127.0.0.1/32 {hostMethod}",
            $"host replication all 127.0.0.1/32 {hostMethod}",
        ];
        return WriteAsync(
            "pg_hba.conf",
            string.Concat(lines.Concat(closing).Select(static line => line + "\n")),
            cancellationToken
        );
    }

    /// <summary>What postmaster.pid says: process and status (<c>starting</c>, <c>ready</c>); or null.</summary>
    public (int ProcessId, string Status)? ReadPostmaster()
    {
        try
        {
            string[] lines = File.ReadAllLines(Path.Combine(Data, "postmaster.pid"));
            return lines.Length >= 8 && int.TryParse(lines[0], CultureInfo.InvariantCulture, out int process)
                ? (process, lines[7].Trim())
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Removes the mark of a server that was killed, so that it is not taken for the next one.</summary>
    public void ForgetPostmaster() => File.Delete(Path.Combine(Data, "postmaster.pid"));

    /// <summary>The last lines of the server's log, for an error message.</summary>
    public string ReadLogTail()
    {
        const int lineCountMax = 20;
        try
        {
            return string.Join('\n', File.ReadLines(Log).TakeLast(lineCountMax));
        }
        catch (IOException)
        {
            return "(no log)";
        }
    }

    private async Task<string> CopyPemAsync(string source, string name, CancellationToken cancellationToken)
    {
        await WriteAsync(name, await File.ReadAllTextAsync(source, cancellationToken), cancellationToken);
        return Path.Combine(Data, name);
    }

    private async Task WriteAsync(string name, string text, CancellationToken cancellationToken)
    {
        string path = Path.Combine(Data, name);
        await File.WriteAllTextAsync(path, text, cancellationToken);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await GiveAsync(path, cancellationToken);
    }

    private async Task GiveAsync(string path, CancellationToken cancellationToken)
    {
        if (_user is null)
        {
            return;
        }
        CommandRun run = await CommandRun.RunAsync(
            ["chown", $"{_user.UserId}:{_user.GroupId}", path],
            "/",
            cancellationToken
        );
        if (run.ExitCode != 0)
        {
            throw new LocalPostgresException($"{path} cannot be given to {_user.Name}: {run.Error.Trim()}");
        }
    }
}
