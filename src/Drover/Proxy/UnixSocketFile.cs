// The file of a Unix socket: left over from before, and who may use it.
using System.Net.Sockets;
using Drover.Configuration;

namespace Drover.Proxy;

internal static class UnixSocketFile
{
    /// <summary>
    /// Removes a socket file that nobody listens on. Throws <see cref="IOException"/> when somebody does.
    /// </summary>
    public static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }
        throw new IOException(
            "another process listens on it; stop that one or choose another unix_socket_dir or listen_port"
        );
    }

    /// <summary>
    /// Sets the mode of unix_socket_mode, and the group by the system's own tool where one is configured.
    /// </summary>
    public static void Protect(string path, ListenOptions options)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        File.SetUnixFileMode(path, (UnixFileMode)(options.UnixSocketMode & 0x1FF));
        if (options.UnixSocketGroup.Length > 0)
        {
            using System.Diagnostics.Process? chgrp = System.Diagnostics.Process.Start(
                "chgrp",
                [options.UnixSocketGroup, path]
            );
            chgrp?.WaitForExit();
            if (chgrp is not { ExitCode: 0 })
            {
                throw new IOException($"cannot give it to the group \"{options.UnixSocketGroup}\" (unix_socket_group)");
            }
        }
    }
}
