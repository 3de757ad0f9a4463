// How many files this process may have open: raised as far as allowed, and compared with what the settings may need.
using System.Runtime.InteropServices;
using Drover.Configuration;

namespace Drover.App.Hosting;

/// <summary>RLIMIT_NOFILE, see getrlimit(2).</summary>
internal static unsafe partial class OpenFileLimit
{
    private const int OpenFiles = 7;

    /// <summary>Descriptors for the log, listeners, event loops, metrics and libraries.</summary>
    private const int Reserve = 64;

    /// <summary>Raises the soft limit to the hard one, and gives it.</summary>
    public static long Raise()
    {
        ulong* limit = stackalloc ulong[2];
        if (!OperatingSystem.IsLinux() || GetLimit(OpenFiles, limit) != 0)
        {
            return long.MaxValue;
        }
        ulong soft = limit[0];
        ulong hard = limit[1];
        if (soft < hard)
        {
            limit[0] = hard;
            soft = SetLimit(OpenFiles, limit) == 0 ? hard : soft;
        }
        return soft > long.MaxValue ? long.MaxValue : (long)soft;
    }

    /// <summary>The descriptors that these options can lead to: every client, and every pool full.</summary>
    public static long Needed(DroverOptions options)
    {
        PoolOptions pool = options.Proxy.Pool;
        long users = Math.Max(1, options.AuthenticationFiles.Users.All.Count);
        long servers = 0;
        IEnumerable<DatabaseOptions> databases = options.FallbackDatabase is { } fallback
            ? options.Databases.Append(fallback)
            : options.Databases;
        foreach (DatabaseOptions database in databases)
        {
            long size =
                (database.PoolSize ?? pool.DefaultPoolSize) + (database.ReservePoolSize ?? pool.ReservePoolSize);
            long all = size * (database.User is null ? users : 1);
            int limit = database.MaxDbConnections ?? pool.MaxDbConnections;
            servers += limit > 0 ? Math.Min(limit, all) : all;
        }
        return pool.MaxClientConn + servers + Reserve;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* limit);
}
