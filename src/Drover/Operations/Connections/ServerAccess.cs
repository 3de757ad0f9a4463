// Opens the sessions of the control plane: each with settings that no role's or database's default can change.
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>One server, reached with one connection string. Sessions are not pooled: they hold locks.</summary>
internal sealed class ServerAccess : IAsyncDisposable
{
    /// <summary>
    /// What every session begins with. The search_path is empty, so that nobody's function is called by a short name;
    /// row security that would hide rows is an error; a statement whose client is gone ends
    /// (<c>client_connection_check_interval</c>), and so does a transaction that its client forgot.
    /// </summary>
    private const string Settings = """
        SET search_path = ''; SET row_security = off; SET default_transaction_read_only = off;
        SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;
        SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0;
        SET idle_in_transaction_session_timeout = '60s'; SET client_connection_check_interval = '2s';
        SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1;
        SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET jit = off
        """;

    private readonly NpgsqlDataSource _source;

    /// <summary>Access by a connection string that <see cref="ConnectionText"/> read.</summary>
    public ServerAccess(NpgsqlConnectionStringBuilder target)
    {
        Description = ConnectionText.Describe(target);
        NpgsqlSlimDataSourceBuilder builder = new(target.ConnectionString);
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();
        builder.EnableArrays();
        _source = builder.Build();
    }

    /// <summary>Host, port, database and user, for a person.</summary>
    public string Description { get; }

    /// <summary>A new session with the settings above.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await _source.OpenConnectionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(Settings, [], cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Closes what is left.</summary>
    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
