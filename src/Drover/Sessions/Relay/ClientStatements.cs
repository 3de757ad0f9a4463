// The prepared statements of one client, by the names that it gave them.
using Drover.Pooling.Statements;
using Drover.Sql;

namespace Drover.Sessions.Relay;

/// <summary>A client's name for a shared statement.</summary>
/// <param name="name">As the client gave it.</param>
/// <param name="statement">What it is.</param>
/// <param name="traits">What running it may do to the session.</param>
/// <param name="names">The names by which that was found.</param>
internal sealed class ClientStatement(
    byte[] name,
    PreparedStatement statement,
    StatementTraits traits,
    TellingNames? names
)
{
    private StatementTraits _traits = traits;
    private TellingNames? _names = names;

    public byte[] Name => name;

    public PreparedStatement Statement { get; private set; } = statement;

    /// <summary>What running it may do to the session, by the names that tell now.</summary>
    public StatementTraits Traits(TellingNames? now)
    {
        if (!ReferenceEquals(now, _names))
        {
            _names = now;
            _traits = StatementScanner.Scan(Statement.TextBytes, now);
        }
        return _traits;
    }

    /// <summary>The same to its client, and another to the server.</summary>
    public ClientStatement With(PreparedStatement standIn) => new(name, standIn, _traits, _names);

    /// <summary>The same text prepared anew, for a client that is about to be told its new shape.</summary>
    public void Renew(PreparedStatement successor)
    {
        Statement.CountClient(-1);
        Statement = successor;
        Statement.CountClient(1);
    }
}

/// <summary>A map from names, looked up by bytes without allocating.</summary>
internal sealed class ClientStatements
{
    private readonly Dictionary<byte[], ClientStatement> _byName = new(NameComparer.Instance);
    private readonly Dictionary<byte[], ClientStatement>.AlternateLookup<ReadOnlySpan<byte>> _bySpan;

    public ClientStatements() => _bySpan = _byName.GetAlternateLookup<ReadOnlySpan<byte>>();

    public int Count => _byName.Count;

    public ClientStatement? Find(ReadOnlySpan<byte> name) =>
        _bySpan.TryGetValue(name, out ClientStatement? found) ? found : null;

    public void Add(ClientStatement statement)
    {
        if (_byName.TryAdd(statement.Name, statement))
        {
            statement.Statement.CountClient(1);
        }
    }

    public void Remove(ClientStatement statement)
    {
        if (_byName.Remove(statement.Name))
        {
            statement.Statement.CountClient(-1);
        }
    }

    public void Clear()
    {
        foreach (ClientStatement statement in _byName.Values)
        {
            statement.Statement.CountClient(-1);
        }
        _byName.Clear();
    }

    private sealed class NameComparer
        : IEqualityComparer<byte[]>,
            IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static NameComparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            HashCode hash = default;
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
