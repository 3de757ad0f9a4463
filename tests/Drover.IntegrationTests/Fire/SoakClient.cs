// One client of the soak test: does everything that a client may do, at random, and knows what must have come of it.
using System.Net.Sockets;
using Drover.IntegrationTests.Clients;
using Drover.IntegrationTests.Sessions;
using Npgsql;

namespace Drover.IntegrationTests.Fire;

/// <summary>
/// Keeps a tally of what it was told is committed. A transaction whose answer was lost may be either: then it looks.
/// </summary>
internal sealed class SoakClient(FireStage stage, int id, CancellationToken stop)
{
    private readonly Random _random = new(id);
    private NpgsqlConnection? _connection;
    private string _tenant = "";
    private long _tally;
    private bool _isInDoubt;

    /// <summary>What went wrong and must not.</summary>
    public List<string> Strange { get; } = [];

    /// <summary>Steps done, and how many met a server that was restarted.</summary>
    public int Steps { get; private set; }

    public int Lost { get; private set; }

    public async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            int step = _random.Next(Actions.Length);
            try
            {
                if (_connection is null)
                {
                    await ConnectAsync();
                }
                await Actions[step](this);
                Steps++;
            }
            catch (Exception e) when (IsLoss(e))
            {
                Lost++;
                await LeaveAsync();
                await Task.Delay(100, CancellationToken.None);
            }
            catch (Exception e)
            {
                Strange.Add($"client {id}, action {step}: {e}");
                await LeaveAsync();
            }
        }
        await LeaveAsync();
    }

    /// <summary>What is in the table against what it was told.</summary>
    public async Task CheckAsync(NpgsqlConnection direct)
    {
        long found = await CountAsync(direct);
        if (found != _tally && !(_isInDoubt && found == _tally + 1))
        {
            Strange.Add($"client {id}: the table has {found}, the client was told {_tally}, in doubt {_isInDoubt}");
        }
    }

    private static readonly Func<SoakClient, Task>[] Actions =
    [
        static c => c.CountAsync(),
        static c => c.CountAsync(),
        static c => c.TransactionAsync(),
        static c => c.SetAsync(),
        static c => c.VerifyAsync(),
        static c => c.VerifyAsync(),
        static c => c.EnterAsync(),
        static c => c.PrepareAsync(),
        static c => c.ListenAsync(),
        static c => c.FailAsync(),
        static c => c.CancelAsync(),
        static c => c.CopyAsync(),
        static c => c.TemporaryAsync(),
        static c => c.LockAsync(),
        static c => c.VanishAsync(),
        static c => c.LeaveMidTransactionAsync(),
    ];

    private async Task ConnectAsync()
    {
        _connection = await stage.OpenAsync(CancellationToken.None);
        _tenant = "";
        if (_isInDoubt)
        {
            _tally = await CountAsync(_connection);
            _isInDoubt = false;
        }
        await VerifyAsync();
    }

    private async Task LeaveAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            await connection.DisposeAsync();
        }
    }

    private async Task CountAsync()
    {
        _isInDoubt = true;
        await ExecuteAsync($"update tally set n = n + 1 where client = {id}");
        Told();
    }

    private async Task TransactionAsync()
    {
        await ExecuteAsync("begin");
        await ExecuteAsync($"update tally set n = n + 1 where client = {id}");
        bool commits = _random.Next(2) == 0;
        _isInDoubt = commits;
        await ExecuteAsync(commits ? "commit" : "rollback");
        if (commits)
        {
            Told();
        }
    }

    private void Told()
    {
        _tally++;
        _isInDoubt = false;
    }

    private async Task SetAsync()
    {
        string tenant = $"{id}-{Steps}";
        await ExecuteAsync($"set app.soak = '{tenant}'");
        _tenant = tenant;
        await ExecuteAsync("begin; set app.soak = 'undone'; rollback");
    }

    private async Task EnterAsync()
    {
        string tenant = $"{id}-{Steps}-entered";
        await ExecuteAsync($"select enter('{tenant}')");
        _tenant = tenant;
    }

    private async Task VerifyAsync() =>
        Assert.Equal(_tenant, await ScalarAsync("select coalesce(current_setting('app.soak', true), '')"));

    private async Task PrepareAsync()
    {
        await using NpgsqlCommand command = new("select n from tally where client = $1", _connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
        await command.PrepareAsync(CancellationToken.None);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(_tally, await command.ExecuteScalarAsync(CancellationToken.None));
        }
        await command.UnprepareAsync(CancellationToken.None);
    }

    private async Task ListenAsync()
    {
        TaskCompletionSource heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection!.Notification += (_, e) => heard.TrySetResult();
        await ExecuteAsync($"listen soak_{id}");
        await ExecuteAsync($"notify soak_{id}");
        await ExecuteAsync("select 1");
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
        await ExecuteAsync("unlisten *");
    }

    private async Task FailAsync()
    {
        await ExecuteAsync("begin");
        await ExecuteAsync($"update tally set n = n + 1 where client = {id}");
        PostgresException e = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync("select 1 / 0"));
        if (e.SqlState != PostgresErrorCodes.DivisionByZero)
        {
            throw e;
        }
        await ExecuteAsync("rollback");
    }

    private async Task CancelAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(_random.Next(1, 60)));
        try
        {
            await using NpgsqlCommand command = new("select pg_sleep(0.05)", _connection);
            await command.ExecuteNonQueryAsync(soon.Token);
        }
        catch (OperationCanceledException e) when (e.InnerException is PostgresException { SqlState: "57014" })
        {
            // Asked for. A cancel that comes too late does nothing, and must hit nobody else.
        }
    }

    private async Task CopyAsync()
    {
        await ExecuteAsync($"delete from copies where client = {id}");
        await using (
            NpgsqlBinaryImporter copy = await _connection!.BeginBinaryImportAsync(
                "copy copies from stdin (format binary)",
                CancellationToken.None
            )
        )
        {
            for (int i = 0; i < 200; i++)
            {
                await copy.WriteRowAsync(CancellationToken.None, id, i);
            }
            await copy.CompleteAsync(CancellationToken.None);
        }
        string copied = $"copy (select k from copies where client = {id}) to stdout";
        using TextReader reader = await _connection.BeginTextExportAsync(copied, CancellationToken.None);
        string text = await reader.ReadToEndAsync(CancellationToken.None);
        Assert.Equal(200, text.Count(static c => c == '\n'));
    }

    private async Task TemporaryAsync()
    {
        await ExecuteAsync("create temp table mine (a int); insert into mine values (1), (2)");
        Assert.Equal(2L, await ScalarAsync("select count(*) from mine"));
        await ExecuteAsync("drop table mine");
    }

    private async Task LockAsync()
    {
        await ExecuteAsync($"select pg_advisory_lock({id})");
        Assert.Equal(true, await ScalarAsync($"select pg_advisory_unlock({id})"));
    }

    /// <summary>A client whose machine loses its power in a transaction: the socket is all that ends.</summary>
    private async Task VanishAsync()
    {
        await using ScriptedClient victim = await ScriptedClient.ConnectAsync(
            ProxyUnderTest.Host,
            stage.Proxy.Port,
            "app",
            "postgres"
        );
        await victim
            .Query($"set app.soak = 'vanished'; begin; update tally set n = n + 1 where client = {id}")
            .RunAsync();
        if (_random.Next(2) == 0)
        {
            await victim.Query("select pg_sleep(0.1), set_config('app.soak', 'ghost', false)").SendAsync();
        }
    }

    private async Task LeaveMidTransactionAsync()
    {
        await ExecuteAsync("begin");
        await ExecuteAsync($"update tally set n = n + 1 where client = {id}");
        await ExecuteAsync("set app.soak = 'left'");
        await LeaveAsync();
    }

    private Task<object?> ScalarAsync(string sql) => FireStage.ScalarAsync(_connection!, sql, CancellationToken.None);

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = new(sql, _connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task<long> CountAsync(NpgsqlConnection connection) =>
        (long)
            (
                await FireStage.ScalarAsync(
                    connection,
                    $"select n from tally where client = {id}",
                    CancellationToken.None
                )
            )!;

    /// <summary>What a restart of PostgreSQL may do to a client; the test counts how often one was made.</summary>
    private static bool IsLoss(Exception e) =>
        e switch
        {
            PostgresException told => told.SqlState is "57P01" or "57P02" or "57P03" or "08006" or "08001" or "53300",
            NpgsqlException { InnerException: IOException or SocketException or TimeoutException } => true,
            NpgsqlException { InnerException: { } inner } => IsLoss(inner),
            EndOfStreamException or IOException or SocketException => true,
            _ => e.InnerException is not null && IsLoss(e.InnerException),
        };
}
