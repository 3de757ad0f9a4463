// A prepared statement that clients share: one server-side name per text, parameter types and search path.
using System.Text;

namespace Drover.Pooling;

/// <summary>
/// One statement that any client of a pool may have under a name of its own. Immutable but for its counts.
/// </summary>
internal sealed class PreparedStatement(long id, byte[] body, string searchPath)
{
    private int _clients;
    private int _servers;

    /// <summary>Its name on every server.</summary>
    public byte[] ServerName { get; } = Encoding.ASCII.GetBytes($"{ServerNamePrefix}{id}");

    /// <summary>What Parse carries behind the name: the text, zero, the parameter types.</summary>
    public ReadOnlySpan<byte> Body => body;

    public byte[] BodyBytes => body;

    public string SearchPath { get; } = searchPath;

    public const string ServerNamePrefix = "drover_";

    public string Text => Encoding.UTF8.GetString(body.AsSpan(0, Math.Max(0, body.AsSpan().IndexOf((byte)0))));

    public int Clients => _clients;

    public int Servers => _servers;

    public void CountClient(int change) => Interlocked.Add(ref _clients, change);

    public void CountServer(int change) => Interlocked.Add(ref _servers, change);
}
