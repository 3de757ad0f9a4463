// What happens to a server while somebody converts a table: restarts, ended sessions, idle transactions, VACUUM, DDL.
using System.Collections.Concurrent;
using System.Data;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>One disturbance after another, until it is stopped.</summary>
/// <param name="ledger">The table.</param>
/// <param name="seed">Chooses the sessions that are ended.</param>
/// <param name="transactions">How many the writers have done: on a slow machine disturbances come slower too.</param>
/// <param name="findings">What must not be.</param>
internal sealed class Disturbances(Ledger ledger, int seed, Func<long> transactions, ConcurrentQueue<string> findings)
{
    private const int TransactionsBetween = 150;
    private const int Rounds = 24;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(3);

    private readonly Random _random = new(seed);
    private int _columns;

    /// <summary>Leaves the server and its sessions alone, so that a transaction can stand for long.</summary>
    public bool SparesSessions { get; set; }

    /// <summary>Restarts of the server, every other one like a crash.</summary>
    public int Restarts { get; private set; }

    /// <summary>Transactions that stood idle, and then read what they must.</summary>
    public int Idlers { get; private set; }

    /// <summary>Columns that were added in the middle.</summary>
    public int Changes => _columns;

    public async Task RunAsync(CancellationToken stop)
    {
        Task idling = Task.CompletedTask;
        for (int round = 0; !stop.IsCancellationRequested; round++)
        {
            long goal = transactions() + TransactionsBetween;
            do
            {
                await Task.Delay(s_pause, CancellationToken.None);
            } while (transactions() < goal && !stop.IsCancellationRequested);
            try
            {
                idling = idling.IsCompleted && round % 4 == 1 ? StandIdleAsync(s_idle, stop) : idling;
                await DisturbAsync(round);
            }
            catch (Exception away) when (away is NpgsqlException or IOException or InvalidOperationException)
            {
                // A disturbance that was disturbed.
            }
        }
        await idling;
    }

    private async Task DisturbAsync(int round)
    {
        switch (round % Rounds)
        {
            case 2 or 12 when SparesSessions:
                break;
            case 0 or 14:
                await ledger.ExecuteAsync("VACUUM ledger");
                break;
            case 3 or 8 or 15 or 20:
                await EndSessionAsync("writer-%");
                break;
            case 4 or 16:
                await ledger.ExecuteAsync("SET lock_timeout = '2s'; ANALYZE ledger");
                break;
            case 5 or 17:
                await EndSessionAsync("drover");
                break;
            case 6:
                await ChangeAsync();
                break;
            case 9:
                // Writes the table anew, in other blocks.
                await ledger.ExecuteAsync("VACUUM FULL ledger");
                break;
            case 2 or 12:
                await ledger.Cluster.RestartAsync(immediate: Restarts % 2 == 0, CancellationToken.None);
                Restarts++;
                break;
            default:
                break;
        }
    }

    private Task EndSessionAsync(string like) =>
        ledger.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity "
                + $"WHERE application_name LIKE '{like}' ORDER BY hashint8(pid + {_random.Next()}) LIMIT 1) AS p"
        );

    // Only to the plain table: a rollback cannot give back what was added to the partitioned one.
    private async Task ChangeAsync()
    {
        await ledger.ExecuteAsync(
            $"""
            DO $$ BEGIN
              SET LOCAL lock_timeout = '2s';
              LOCK TABLE ledger IN ACCESS EXCLUSIVE MODE;
              IF (SELECT relkind FROM pg_class WHERE oid = 'ledger'::regclass) = 'r' THEN
                ALTER TABLE ledger ADD COLUMN later_{_columns} int;
              END IF;
            END $$
            """
        );
        _columns++;
    }

    /// <summary>
    /// A transaction that has a snapshot and no lock on the table, and stands idle: what it reads at last must be what
    /// its snapshot held at first, though the table may be another by then. A second session looks with the same
    /// snapshot while it is young.
    /// </summary>
    /// <returns>Whether it stood to the end: a restart of the server takes it along.</returns>
    public async Task<bool> StandIdleAsync(TimeSpan idle, CancellationToken stop)
    {
        const string Sum =
            "SELECT count(*) || ' ' || sum(hashtextextended(l.id::text || l.at || l.n, 0)) " + "FROM ledger AS l";
        try
        {
            await using NpgsqlConnection idler = await ledger.OpenAsync("idler");
            await using NpgsqlTransaction transaction = await idler.BeginTransactionAsync(
                IsolationLevel.RepeatableRead,
                CancellationToken.None
            );
            string snapshot = (string)(await ScalarAsync(idler, "SELECT pg_export_snapshot()"))!;
            string young;
            await using (NpgsqlConnection second = await ledger.OpenAsync("idler's second"))
            {
                await using NpgsqlTransaction same = await second.BeginTransactionAsync(
                    IsolationLevel.RepeatableRead,
                    CancellationToken.None
                );
                await ScalarAsync(second, $"SET TRANSACTION SNAPSHOT '{snapshot}'");
                young = (string)(await ScalarAsync(second, Sum))!;
            }
            await Task.Delay(idle, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            string old = (string)(await ScalarAsync(idler, Sum))!;
            Idlers++;
            if (old != young)
            {
                findings.Enqueue($"an old snapshot found {old} in the table where it held {young}");
            }
            return true;
        }
        catch (Exception away) when (away is NpgsqlException or IOException or InvalidOperationException)
        {
            // The server was restarted meanwhile.
            return false;
        }
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        return await command.ExecuteScalarAsync(CancellationToken.None);
    }
}
