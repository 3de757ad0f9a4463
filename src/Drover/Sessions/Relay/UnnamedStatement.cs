// The client's unnamed prepared statement, kept so that it can be made again on another server.
using Drover.Pooling.Servers;
using Drover.Sql;

namespace Drover.Sessions.Relay;

/// <summary>
/// One per client, made at its first Parse without a name. A server notes which client's statement it holds and which
/// generation of it, so nothing is sent again while that is still the present one.
/// </summary>
internal sealed class UnnamedStatement
{
    /// <summary>
    /// Owns what a server has while nobody knows: something that would have replaced it was skipped, or failed.
    /// </summary>
    public static object Unclear { get; } = new();

    private byte[] _body = [];
    private int _length;
    private long _generation;

    public bool Exists { get; private set; }

    /// <summary>It is too long to be kept: the client stays with its server until it makes another.</summary>
    public bool IsPinned { get; private set; }

    private StatementTraits _traits;
    private TellingNames? _names;

    /// <summary>
    /// It stands for a DEALLOCATE of this shared statement: its execution forgets that and gets the right tag.
    /// </summary>
    public ClientStatement? Deallocates { get; set; }

    /// <summary>What Parse carries behind the name.</summary>
    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    /// <summary>Whether the client has sent this very body before: nothing new is to be learnt from it.</summary>
    public bool IsSame(ReadOnlySpan<byte> body, TellingNames? now) =>
        Exists
        && !IsPinned
        && Deallocates is null
        && _traits == StatementTraits.None
        && ReferenceEquals(_names, now)
        && body.SequenceEqual(Body);

    /// <summary>What running it may do to the session, by the names that tell now.</summary>
    public StatementTraits Traits(TellingNames? now)
    {
        if (!ReferenceEquals(now, _names) && !IsPinned)
        {
            _names = now;
            _traits |= StatementScanner.Scan(Body[..Math.Max(0, Body.IndexOf((byte)0))], now);
        }
        return _traits;
    }

    /// <summary>The client parsed this body, and the server is about to have it.</summary>
    public void Set(ReadOnlySpan<byte> body, StatementTraits traits, TellingNames? names, ServerConnection server)
    {
        Keep(body, traits, names);
        NoteOn(server);
    }

    /// <summary>The client parsed this body, and no server has it.</summary>
    public void Keep(ReadOnlySpan<byte> body, StatementTraits traits, TellingNames? names)
    {
        _names = names;
        if (_body.Length < body.Length)
        {
            _body = new byte[Math.Max(128, body.Length + (body.Length / 2))];
        }
        body.CopyTo(_body);
        _length = body.Length;
        Renew(exists: true, isPinned: false, traits);
    }

    /// <summary>The client is parsing a text too long to be kept.</summary>
    public void SetPinned(StatementTraits traits, ServerConnection server)
    {
        _length = 0;
        Renew(exists: true, isPinned: true, traits);
        NoteOn(server);
    }

    public void Forget()
    {
        if (Exists)
        {
            Renew(exists: false, isPinned: false, StatementTraits.None);
        }
    }

    public bool IsOn(ServerConnection server) => server.UnnamedOwner == this && server.UnnamedGeneration == _generation;

    public void NoteOn(ServerConnection server)
    {
        server.UnnamedOwner = this;
        server.UnnamedGeneration = _generation;
    }

    private void Renew(bool exists, bool isPinned, StatementTraits traits)
    {
        Exists = exists;
        IsPinned = isPinned;
        Deallocates = null;
        _traits = traits;
        _generation++;
    }
}
