// Sockets that systemd opened for us before we started.
using System.Globalization;
using System.Runtime.InteropServices;

namespace Drover.App.Hosting;

/// <summary>A socket that is already listening.</summary>
/// <param name="FileDescriptor">The descriptor; the receiver owns it.</param>
/// <param name="Name">FileDescriptorName= of the socket unit, or <c>unknown</c>.</param>
internal readonly record struct ActivatedSocket(int FileDescriptor, string Name);

/// <summary>
/// The protocol of sd_listen_fds, see
/// https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds_with_names.html.
/// </summary>
internal static partial class SocketActivation
{
    /// <summary>More sockets than any unit has; a larger number is taken for nonsense.</summary>
    public const int SocketsMax = 256;

    private const int FirstDescriptor = 3;
    private const int SetFlags = 2;
    private const int CloseOnExec = 1;

    /// <summary>The sockets that are meant for this process; none without the variables.</summary>
    public static IReadOnlyList<ActivatedSocket> Read(Func<string, string?> environment, int processId)
    {
        if (ReadNumber(environment, "LISTEN_PID") != processId)
        {
            return [];
        }
        int count = ReadNumber(environment, "LISTEN_FDS");
        if (count is <= 0 or > SocketsMax)
        {
            return [];
        }
        string[] names = (environment("LISTEN_FDNAMES") ?? "").Split(':');
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new ActivatedSocket(
                    FirstDescriptor + i,
                    i < names.Length && names[i].Length > 0 ? names[i] : "unknown"
                )),
        ];
    }

    /// <summary>Reads this process's sockets, keeps children from inheriting them, and removes the variables.</summary>
    public static IReadOnlyList<ActivatedSocket> Take()
    {
        IReadOnlyList<ActivatedSocket> sockets = Read(Environment.GetEnvironmentVariable, Environment.ProcessId);
        foreach (ActivatedSocket socket in sockets)
        {
            _ = Fcntl(socket.FileDescriptor, SetFlags, CloseOnExec);
        }
        foreach (string name in new[] { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" })
        {
            Environment.SetEnvironmentVariable(name, null);
        }
        return sockets;
    }

    private static int ReadNumber(Func<string, string?> environment, string name) =>
        int.TryParse(environment(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(int descriptor, int command, int argument);
}
