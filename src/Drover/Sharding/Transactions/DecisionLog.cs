// Decisions on transactions that wrote on several shards, kept in the catalog database.
using System.Collections.Concurrent;
using Drover.Operations.Connections;
using Drover.Routing.Transactions;
using Npgsql;

namespace Drover.Sharding.Transactions;

/// <summary>
/// One row per transaction, first come, first kept: a proxy writes that it commits, the recovery that it does not.
/// Whoever comes second reads what the first one wrote.
/// </summary>
internal sealed class DecisionLog(ServerAccess catalog) : IDecisionLog, IAsyncDisposable
{
    /// <summary>The table; made with the map.</summary>
    public const string Table = """
        CREATE TABLE IF NOT EXISTS drover.decisions (
            id uuid PRIMARY KEY,
            commits boolean NOT NULL,
            shards int[] NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """;

    /// <summary>Decisions written at the same time.</summary>
    private const int SessionsMax = 8;

    /// <summary>A lost answer is asked for so often before the outcome is in doubt.</summary>
    private const int TriesMax = 3;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentBag<NpgsqlConnection> _idle = [];
    private readonly SemaphoreSlim _places = new(SessionsMax);

    /// <inheritdoc/>
    public async Task<Decision> RecordAsync(Guid transaction, int[] shards)
    {
        using CancellationTokenSource late = new(s_limit);
        // What comes second after a lost answer must not commit what the recovery may have undone meanwhile.
        bool commits = true;
        for (int tries = 0; tries < TriesMax && !late.IsCancellationRequested; tries++)
        {
            try
            {
                return await DecideAsync(transaction, commits, shards, late.Token)
                    ? Decision.Committed
                    : Decision.Aborted;
            }
            catch (Exception)
            {
                // Whatever it was: the next try asks what is decided, and decides against it if nothing is.
                commits = false;
            }
        }
        return Decision.Unknown;
    }

    /// <summary>Decides against a transaction, if nobody has decided for it. True if it commits.</summary>
    public Task<bool> ResolveAsync(Guid transaction, CancellationToken cancellationToken) =>
        DecideAsync(transaction, commits: false, [], cancellationToken);

    /// <summary>Forgets decisions that are old and of which no shard has anything left.</summary>
    public async Task ForgetAsync(Guid[] left, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection session = await catalog.OpenAsync(cancellationToken);
        await session.ExecuteAsync(
            "DELETE FROM drover.decisions WHERE at < now() - interval '1 hour' AND id <> ALL ($1)",
            [left],
            cancellationToken
        );
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_idle.TryTake(out NpgsqlConnection? session))
        {
            await session.DisposeAsync();
        }
        _places.Dispose();
    }

    private async Task<bool> DecideAsync(
        Guid transaction,
        bool commits,
        int[] shards,
        CancellationToken cancellationToken
    )
    {
        await _places.WaitAsync(cancellationToken);
        NpgsqlConnection? session = null;
        try
        {
            session = _idle.TryTake(out NpgsqlConnection? kept) ? kept : await catalog.OpenAsync(cancellationToken);
            await session.ExecuteAsync(
                "INSERT INTO drover.decisions (id, commits, shards) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                [transaction, commits, shards],
                cancellationToken
            );
            object? decided = await session.ScalarAsync(
                "SELECT commits FROM drover.decisions WHERE id = $1",
                [transaction],
                cancellationToken
            );
            _idle.Add(session);
            session = null;
            return decided is true;
        }
        finally
        {
            if (session is not null)
            {
                await session.DisposeAsync();
            }
            _places.Release();
        }
    }
}
