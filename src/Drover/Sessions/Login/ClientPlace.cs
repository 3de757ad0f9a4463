// A client's place in the counts of its database and user.
using Drover.Configuration;
using Drover.Pooling;
using Drover.Protocol;

namespace Drover.Sessions.Login;

/// <summary>Taken at login and given back on dispose; <see cref="Refusal"/> says that there was none.</summary>
internal readonly struct ClientPlace : IDisposable
{
    private readonly DatabaseEntry? _database;
    private readonly UserEntry? _user;

    public ClientPlace(DatabaseEntry database, UserEntry user, DroverOptions options)
    {
        PoolOptions pool = options.Proxy.Pool;
        if (!database.TryAddClient(database.Options.MaxDbClientConnections ?? pool.MaxDbClientConnections))
        {
            Refusal = Full("max_db_client_connections");
            return;
        }
        _database = database;
        if (!user.TryAddClient(user.Options?.MaxUserClientConnections ?? pool.MaxUserClientConnections))
        {
            Refusal = Full("max_user_client_connections");
            return;
        }
        _user = user;
    }

    public SessionEnd? Refusal { get; }

    public void Dispose()
    {
        _database?.RemoveClient();
        _user?.RemoveClient();
    }

    private static SessionEnd Full(string setting) =>
        new($"no more connections allowed ({setting})", SqlState.TooManyConnections);
}
