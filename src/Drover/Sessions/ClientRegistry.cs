// Every client of the proxy, for SHOW, KILL, limits and shutdown.
using System.Collections.Concurrent;

namespace Drover.Sessions;

internal sealed class ClientRegistry
{
    private readonly ConcurrentDictionary<long, ClientConnection> _clients = new();
    private long _refused;

    public ICollection<ClientConnection> Clients => _clients.Values;

    public int Count => _clients.Count;

    /// <summary>Logins refused since start.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>What new clients are told while the proxy shuts down; null while it serves.</summary>
    public SessionEnd? IsRefusing { get; set; }

    public void Add(ClientConnection client) => _clients[client.Id] = client;

    public void Remove(ClientConnection client) => _clients.TryRemove(client.Id, out _);

    public ClientConnection? Find(long id) => _clients.GetValueOrDefault(id);

    public void CountRefused() => Interlocked.Increment(ref _refused);
}
