// A table that nobody writes to while the map changes.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>Locks tables of one shard against writers; readers go on.</summary>
internal static class TableLock
{
    private const string Timeout = "3s";

    /// <summary>Begins the transaction that has the locks: they are let go when the session ends.</summary>
    public static Task<int> BeginAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        server.ExecuteAsync($"BEGIN; SET LOCAL lock_timeout = '{Timeout}'", [], cancellationToken);

    /// <summary>Takes one, and waits for those who have written and not committed.</summary>
    /// <param name="server">In the transaction.</param>
    /// <param name="shard">What server it is.</param>
    /// <param name="name">Schema and table, quoted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationException">It is being written to.</exception>
    public static async Task TakeAsync(
        NpgsqlConnection server,
        Shard shard,
        string name,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await server.ExecuteAsync($"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE", [], cancellationToken);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new OperationException(
                $"shard {shard.Name}: {name} is being written to, and {Timeout} were not enough to lock it: "
                    + "try again when its writers are done",
                busy
            );
        }
    }
}
