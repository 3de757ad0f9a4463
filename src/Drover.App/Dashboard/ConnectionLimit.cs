// Bounds connections of the page, so that idle ones do not shut it for others.
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Drover.App.Dashboard;

/// <summary>
/// At most <see cref="AddressMax"/> connections of one address and <see cref="TotalMax"/> in all. Where one more
/// comes, the oldest one that has not been let in yet makes room: of the same address, or of any. Only where all were
/// let in (<see cref="LetIn"/>) is the new one refused.
/// </summary>
internal sealed class ConnectionLimit
{
    /// <summary>Connections of one address; a browser has six, and all behind a tunnel share them.</summary>
    public const int AddressMax = 64;

    /// <summary>Connections in all.</summary>
    public const int TotalMax = 256;

    private static readonly object s_key = new();

    private readonly Lock _gate = new();
    private readonly LinkedList<Entry> _entries = [];

    /// <summary>Connections now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Runs a connection, if there is room or some can be made.</summary>
    public async Task RunAsync(ConnectionContext connection, Func<Task> next)
    {
        IPAddress address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        Entry entry = new(LoginLimit.KeyOf(address), connection);
        if (!TryEnter(entry, out Entry? oldest))
        {
            connection.Abort(new ConnectionAbortedException("too many connections"));
            return;
        }
        oldest?.Connection.Abort(new ConnectionAbortedException("another connection needs the room"));
        connection.Items[s_key] = entry;
        try
        {
            await next().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _entries.Remove(entry);
            }
        }
    }

    /// <summary>The request's connection belongs to somebody who may read.</summary>
    public static void LetIn(HttpContext context)
    {
        IDictionary<object, object?>? items = context
            .Features.Get<Microsoft.AspNetCore.Connections.Features.IConnectionItemsFeature>()
            ?.Items;
        if (items is not null && items.TryGetValue(s_key, out object? found) && found is Entry entry)
        {
            entry.IsIn = true;
        }
    }

    private bool TryEnter(Entry entry, out Entry? oldest)
    {
        lock (_gate)
        {
            oldest = null;
            bool isAddressFull = _entries.Count(one => one.Address.Equals(entry.Address)) >= AddressMax;
            if (isAddressFull || _entries.Count >= TotalMax)
            {
                oldest = _entries.FirstOrDefault(one =>
                    !one.IsIn && (!isAddressFull || one.Address.Equals(entry.Address))
                );
                if (oldest is null)
                {
                    return false;
                }
                // It counts no more, though its end may take a moment.
                _entries.Remove(oldest);
            }
            _entries.AddLast(entry);
            return true;
        }
    }

    private sealed class Entry(IPAddress address, ConnectionContext connection)
    {
        private volatile bool _isIn;

        public IPAddress Address { get; } = address;

        public ConnectionContext Connection { get; } = connection;

        public bool IsIn
        {
            get => _isIn;
            set => _isIn = value;
        }
    }
}
