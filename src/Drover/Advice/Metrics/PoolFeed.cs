// Reads the pools from a console again and again.
using System.Security.Cryptography;
using Drover.Operations.Connections;
using Npgsql;

namespace Drover.Advice.Metrics;

/// <summary>
/// One console. Three short queries a reading; a connection that fails is made anew at the next. Not for several
/// threads.
/// </summary>
/// <param name="target">The console; null: its address could not be read.</param>
/// <param name="problem">Why not.</param>
/// <param name="patience">The longest that a login, or an answer, is waited for.</param>
internal sealed class PoolFeed(NpgsqlConnectionStringBuilder? target, string problem, TimeSpan patience)
    : IAsyncDisposable
{
    private readonly string _source = target is null ? "" : ConnectionText.Describe(target);
    private SimpleQueryClient? _client;

    /// <summary>Reads once; what goes wrong is in <see cref="PoolFacts.Problem"/>.</summary>
    public async Task<PoolFacts> ReadAsync(CancellationToken cancellation)
    {
        if (target is null)
        {
            return new PoolFacts([], _source, $"console: {problem}");
        }
        try
        {
            _client ??= await SimpleQueryClient.ConnectAsync(target, patience, cancellation);
            return new PoolFacts(
                PoolUse.Of(
                    await _client.QueryAsync("SHOW POOLS", patience, cancellation),
                    await _client.QueryAsync("SHOW DATABASES", patience, cancellation),
                    await _client.QueryAsync("SHOW USERS", patience, cancellation)
                ),
                _source,
                ""
            );
        }
        catch (Exception failure)
            when (failure is NpgsqlException or IOException or TimeoutException or FormatException
                || failure is CryptographicException or UnauthorizedAccessException or ArgumentException
            )
        {
            await DisposeAsync();
            return new PoolFacts([], _source, Describe(failure));
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_client is { } client)
        {
            _client = null;
            await client.DisposeAsync();
        }
    }

    private string Describe(Exception failure) =>
        failure switch
        {
            PostgresException refused when IsLoginRefused(refused) =>
                $"the console {_source}: login refused: {refused.MessageText}. Check user and password",
            PostgresException error when IsNotAllowed(error) =>
                $"the console {_source}: {error.MessageText}. Put the user into admin_users or stats_users",
            // Not the console but a database behind it: PostgreSQL takes SHOW POOLS for a setting.
            PostgresException { SqlState: "42704" } =>
                $"the console {_source}: this is a database. The console's is {PoolUse.Console}",
            PostgresException error => $"the console {_source}: {error.MessageText} (SQLSTATE {error.SqlState})",
            FormatException => $"the console {_source}: {failure.Message}",
            _ => $"the console {_source} cannot be reached: {failure.Message}. Is it up, and host and port right?",
        };

    // PgBouncer 1.18 says so with the code of protocol errors.
    private static bool IsLoginRefused(PostgresException error) =>
        error.SqlState is "28P01" or "28000"
        || error.MessageText.Contains("authentication failed", StringComparison.Ordinal);

    // So it does here.
    private static bool IsNotAllowed(PostgresException error) =>
        error.SqlState == "42501"
        || error.MessageText.Contains("not allowed", StringComparison.Ordinal)
        || error.MessageText.Contains("admin access needed", StringComparison.Ordinal);
}
