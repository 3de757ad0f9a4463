// Connections of the loops that look at a database every few seconds: made once, and not for each look.
using Npgsql;

namespace Drover.Operations.Connections;

/// <summary>
/// A data source for each database: its first connection asks the server for its types, and a new one each time would
/// ask again. For one loop; not for several threads.
/// </summary>
internal sealed class KeptAccess
{
    private readonly Dictionary<string, ServerAccess> _kept = [];

    /// <summary>The one of a database; what was kept for other settings of it stays until the end.</summary>
    public ServerAccess Of(NpgsqlConnectionStringBuilder target)
    {
        if (!_kept.TryGetValue(target.ConnectionString, out ServerAccess? access))
        {
            _kept[target.ConnectionString] = access = new ServerAccess(target);
        }
        return access;
    }

    /// <summary>Closes what is kept of a database that could not be reached: the next look begins anew.</summary>
    public async ValueTask ForgetAsync(NpgsqlConnectionStringBuilder target)
    {
        if (_kept.Remove(target.ConnectionString, out ServerAccess? access))
        {
            await access.DisposeAsync();
        }
    }

    /// <summary>Closes all; what is asked for later is made anew.</summary>
    public async ValueTask CloseAsync()
    {
        foreach (ServerAccess access in _kept.Values)
        {
            await access.DisposeAsync();
        }
        _kept.Clear();
    }
}
