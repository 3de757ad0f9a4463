// The address of a Unix socket: a file, or a name in Linux's abstract namespace.
using System.Net.Sockets;

namespace Drover.Transport.Sockets;

/// <summary>
/// A path that begins with @ is a name in the abstract namespace, which the kernel spells with a zero byte (unix(7)).
/// </summary>
internal static class UnixAddress
{
    /// <summary>The socket of a PostgreSQL port in a folder, as libpq names it.</summary>
    public static UnixDomainSocketEndPoint In(string folder, int port) => Of(PathIn(folder, port));

    /// <summary>The same as a path.</summary>
    public static string PathIn(string folder, int port) => $"{folder}/.s.PGSQL.{port}";

    /// <summary>The socket of a path, as it is written.</summary>
    public static UnixDomainSocketEndPoint Of(string path) => new(IsAbstract(path) ? "\0" + path[1..] : path);

    /// <summary>There is no file, so nothing to protect and nothing to remove.</summary>
    public static bool IsAbstract(string path) => path.StartsWith('@');
}
