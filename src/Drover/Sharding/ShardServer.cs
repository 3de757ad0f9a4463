// What is asked of one shard's server.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding;

internal static class ShardServer
{
    /// <summary>The database's encoding.</summary>
    public static async Task<string> EncodingAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        (string)(await server.ScalarAsync("SELECT current_setting('server_encoding')", [], cancellationToken))!;

    /// <summary>Encoding, provider and locale of the database's own collation.</summary>
    public static async Task<string> CollationAsync(NpgsqlConnection server, CancellationToken cancellationToken) =>
        (string)
            (
                await server.ScalarAsync(
                    """
                    SELECT concat_ws(' ', pg_encoding_to_char(encoding),
                        CASE datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' ELSE 'builtin' END,
                        CASE WHEN datlocprovider = 'c' THEN datcollate
                            ELSE coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') END,
                        datctype, to_jsonb(d) ->> 'daticurules')
                    FROM pg_database d WHERE datname = current_database()
                    """,
                    [],
                    cancellationToken
                )
            )!;

    /// <summary>Refuses a server on which keys would not be what they are elsewhere.</summary>
    /// <exception cref="OperationException">It is one.</exception>
    public static async Task CheckAsync(
        NpgsqlConnection server,
        Shard shard,
        string encoding,
        CancellationToken cancellationToken
    )
    {
        const int VersionMin = 150000;
        if (server.PostgreSqlVersion.Major * 10000 < VersionMin)
        {
            throw new OperationException(
                $"shard {shard.Name}: PostgreSQL {server.PostgreSqlVersion} is older than 15",
                OperationOutcome.Refused
            );
        }
        string other = await EncodingAsync(server, cancellationToken);
        if (other != "UTF8" || encoding != "UTF8")
        {
            throw new OperationException(
                $"shard {shard.Name}: the encoding is {other}, the catalog's {encoding}: text keys are hashed as UTF8, "
                    + "so all databases have to be",
                OperationOutcome.Refused
            );
        }
        if (await server.ScalarAsync("SELECT pg_is_in_recovery()", [], cancellationToken) is true)
        {
            throw new OperationException(
                $"shard {shard.Name}: this server is a standby: name its primary",
                OperationOutcome.Refused
            );
        }
    }
}
