// The operating-system user at the other end of a Unix socket.
using Drover.Transport;
using Drover.Transport.Sockets;

namespace Drover.Sessions.Login;

internal static unsafe class PeerUser
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The user ID; null where the system does not tell.</summary>
    public static uint? IdOf(Connection connection)
    {
        if (connection.UnixPath is null || !OperatingSystem.IsLinux())
        {
            return null;
        }
        // struct ucred: pid, uid, gid (unix(7)).
        uint* credentials = stackalloc uint[3];
        int length = 3 * sizeof(uint);
        int result = Libc.GetSocketOption(connection.Descriptor, SolSocket, SoPeerCred, (byte*)credentials, &length);
        return result == 0 ? credentials[1] : null;
    }

    /// <summary>The user's name from /etc/passwd; null when it has none.</summary>
    public static string? NameOf(Connection connection)
    {
        if (IdOf(connection) is not { } id || !File.Exists("/etc/passwd"))
        {
            return null;
        }
        return File.ReadLines("/etc/passwd")
            .Select(static line => line.Split(':'))
            .FirstOrDefault(fields => fields.Length > 2 && fields[2] == $"{id}")
            ?[0];
    }

    /// <summary>Whether the peer runs as the same user as this process.</summary>
    public static bool IsSelf(Connection connection) => IdOf(connection) is { } id && id == Libc.EffectiveUser();
}
