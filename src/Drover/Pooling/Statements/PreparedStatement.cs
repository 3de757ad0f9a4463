// A prepared statement that clients share: its text, parameter types, search path, and the shape of its result.
using System.Buffers.Binary;
using System.Text;

namespace Drover.Pooling.Statements;

/// <summary>One statement that any client of a pool may have under a name of its own.</summary>
internal sealed class PreparedStatement(long id, byte[] body, string searchPath, int epoch = 0)
{
    private int _clients;
    private int _servers;
    private byte[]? _typedBody;
    private byte[]? _parameters;
    private byte[]? _columns;
    private volatile bool _isRetired;

    /// <summary>Its name on every server.</summary>
    public byte[] ServerName { get; } = Encoding.ASCII.GetBytes($"{ServerNamePrefix}{id}");

    /// <summary>What the client's Parse carried behind the name: the text, zero, the parameter types.</summary>
    public ReadOnlySpan<byte> Body => body;

    /// <summary>
    /// The same with the types that PostgreSQL found for the parameters, once a client has been told them.
    /// </summary>
    public ReadOnlySpan<byte> TypedBody => _typedBody ?? body;

    public string SearchPath { get; } = searchPath;

    /// <summary>Of the catalogs when it was prepared; what is prepared after a change is another.</summary>
    public int Epoch { get; } = epoch;

    public const string ServerNamePrefix = "drover_";

    public ReadOnlySpan<byte> TextBytes => body.AsSpan(0, Math.Max(0, body.AsSpan().IndexOf((byte)0)));

    public string Text => Encoding.UTF8.GetString(TextBytes);

    public int Clients => _clients;

    public int Servers => _servers;

    /// <summary>A client knows the columns of its result: every copy of it must have the same.</summary>
    public bool HasShape => Volatile.Read(ref _columns) is not null;

    /// <summary>
    /// Its tables have changed so that its result has: who knows the old shape gets 0A000, as from PostgreSQL, and who
    /// prepares or describes it anew gets a new statement.
    /// </summary>
    public bool IsRetired => _isRetired;

    public void Retire() => _isRetired = true;

    /// <summary>Notes the shape if none is known. False when another is.</summary>
    /// <param name="parameters">Type OIDs, four bytes each; null when they were not told.</param>
    /// <param name="columns">Names, types and modifiers of the result's columns; empty when it has none.</param>
    public bool TryConfirm(byte[]? parameters, byte[] columns)
    {
        if (
            Interlocked.CompareExchange(ref _columns, columns, null) is { } known
            && !known.AsSpan().SequenceEqual(columns)
        )
        {
            return false;
        }
        if (parameters is null)
        {
            return true;
        }
        if (Interlocked.CompareExchange(ref _parameters, parameters, null) is { } types)
        {
            return types.AsSpan().SequenceEqual(parameters);
        }
        _typedBody = WithTypes(parameters);
        return true;
    }

    public void CountClient(int change) => Interlocked.Add(ref _clients, change);

    public void CountServer(int change) => Interlocked.Add(ref _servers, change);

    private byte[] WithTypes(byte[] types)
    {
        int text = body.AsSpan().IndexOf((byte)0) + 1;
        byte[] typed = new byte[text + 2 + types.Length];
        body.AsSpan(0, text).CopyTo(typed);
        BinaryPrimitives.WriteUInt16BigEndian(typed.AsSpan(text), (ushort)(types.Length / 4));
        types.CopyTo(typed.AsSpan(text + 2));
        return typed;
    }
}
