// The client's side of SCRAM-SHA-256: how Drover proves a password to a server.
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Protocol.Authentication;

/// <summary>
/// One exchange: <see cref="First"/> is sent, <see cref="TryContinue"/> answers the server's parameters,
/// <see cref="TryFinish"/> checks that the server knows the secret as well. See
/// https://www.postgresql.org/docs/18/sasl-authentication.html, RFC 5802 and RFC 7677.
/// </summary>
public sealed class ScramClient
{
    /// <summary>
    /// Most iterations that a server may ask for. PostgreSQL allows any number; a hostile server could make us
    /// compute for hours. A million takes some tenths of a second.
    /// </summary>
    public const int IterationsMaxDefault = 1_000_000;

    private readonly ScramCredential _credential;
    private readonly byte[] _certificateHash;
    private readonly int _iterationsMax;
    private readonly string _gs2Header;
    private readonly string _nonce;
    private readonly byte[] _clientFirstBare;
    private byte[] _expectedSignature = [];
    private bool _continued;

    /// <summary>Prepares an exchange.</summary>
    /// <param name="credential">The password or the keys.</param>
    /// <param name="certificateHash">From <see cref="ChannelBinding"/>; empty without TLS or if undefined.</param>
    /// <param name="serverOffersPlus">Whether the server's list has SCRAM-SHA-256-PLUS.</param>
    /// <param name="iterationsMax">Most iterations to accept.</param>
    public ScramClient(
        ScramCredential credential,
        ReadOnlySpan<byte> certificateHash = default,
        bool serverOffersPlus = false,
        int iterationsMax = IterationsMaxDefault
    )
        : this(credential, certificateHash, serverOffersPlus, iterationsMax, ScramText.NewNonce(), "") { }

    internal ScramClient(
        ScramCredential credential,
        ReadOnlySpan<byte> certificateHash,
        bool serverOffersPlus,
        int iterationsMax,
        string nonce,
        string user
    )
    {
        ArgumentNullException.ThrowIfNull(credential);
        _credential = credential;
        _iterationsMax = iterationsMax;
        UsesChannelBinding = serverOffersPlus && !certificateHash.IsEmpty;
        _certificateHash = UsesChannelBinding ? certificateHash.ToArray() : [];
        // y tells a server that does offer it that somebody has cut its offer.
        string without = certificateHash.IsEmpty ? "n,," : "y,,";
        _gs2Header = UsesChannelBinding ? "p=tls-server-end-point,," : without;
        _nonce = nonce;
        _clientFirstBare = ScramText.Bytes($"n={user},r={nonce}");
    }

    /// <summary>Whether the exchange is tied to the TLS connection; a caller that requires it checks this.</summary>
    public bool UsesChannelBinding { get; }

    /// <summary>The mechanism to name in the SASLInitialResponse.</summary>
    public string Mechanism => UsesChannelBinding ? ScramText.MechanismPlus : ScramText.Mechanism;

    /// <summary>
    /// The data of the SASLInitialResponse. The server takes the user's name from the startup packet.
    /// </summary>
    public byte[] First => [.. ScramText.Bytes(_gs2Header), .. _clientFirstBare];

    /// <summary>What was wrong, after a false; of our own making, so it can be logged.</summary>
    public string? Violation { get; private set; }

    /// <summary>
    /// Takes AuthenticationSASLContinue and gives the data of the SASLResponse. May take milliseconds for a password.
    /// </summary>
    public bool TryContinue(ReadOnlySpan<byte> serverFirst, out byte[] reply)
    {
        reply = [];
        if (_continued || serverFirst.Length > ScramText.MessageLengthMax)
        {
            return Refuse("The server's message came twice or is too long.");
        }
        _continued = true;

        // 1. The parameters.
        ReadOnlySpan<byte> rest = serverFirst;
        byte[] salt = [];
        if (
            !ScramText.TryReadAttribute(ref rest, (byte)'r', out ReadOnlySpan<byte> nonce)
            || !ScramText.TryReadAttribute(ref rest, (byte)'s', out ReadOnlySpan<byte> saltText)
            || !ScramText.TryReadAttribute(ref rest, (byte)'i', out ReadOnlySpan<byte> count)
            || !ScramText.TryDecodeBase64(saltText, out salt)
            || salt.Length == 0
        )
        {
            return Refuse("The server's first message is malformed.");
        }
        if (!ScramText.IsNonce(nonce) || nonce.Length <= _nonce.Length || !nonce.StartsWith(ScramText.Bytes(_nonce)))
        {
            return Refuse("The server's nonce does not begin with ours.");
        }
        if (
            !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)
            || iterations < 1
            || iterations > _iterationsMax
        )
        {
            return Refuse($"The server asks for an iteration count that is not in 1 to {_iterationsMax}.");
        }

        // 2. The proof.
        reply = Prove(serverFirst, nonce, _credential.KeysFor(salt, iterations));
        return true;
    }

    /// <summary>
    /// Takes AuthenticationSASLFinal. Only after a true here, and AuthenticationOk, is the server the right one.
    /// </summary>
    public bool TryFinish(ReadOnlySpan<byte> serverFinal)
    {
        ReadOnlySpan<byte> rest = serverFinal;
        if (
            _expectedSignature.Length == 0
            || serverFinal.Length > ScramText.MessageLengthMax
            || !ScramText.TryReadAttribute(ref rest, (byte)'v', out ReadOnlySpan<byte> text)
            || !ScramText.TryDecodeBase64(text, out byte[] signature)
        )
        {
            return Refuse("The server's last message is malformed, or an error.");
        }
        bool known = CryptographicOperations.FixedTimeEquals(signature, _expectedSignature);
        return known || Refuse("The server does not know the secret.");
    }

    private byte[] Prove(ReadOnlySpan<byte> serverFirst, ReadOnlySpan<byte> nonce, ScramKeys keys)
    {
        string binding = ScramText.BindingText(ScramText.Bytes(_gs2Header), _certificateHash);
        byte[] withoutProof = ScramText.Bytes($"c={binding},r={Encoding.ASCII.GetString(nonce)}");
        Span<byte> storedKey = stackalloc byte[ScramSecret.KeyLength];
        SHA256.HashData(keys.ClientKey, storedKey);
        byte[] proof = ScramText.Sign(storedKey, _clientFirstBare, serverFirst, withoutProof);
        ScramText.Xor(keys.ClientKey, proof);
        _expectedSignature = ScramText.Sign(keys.ServerKey, _clientFirstBare, serverFirst, withoutProof);
        return [.. withoutProof, .. ScramText.Bytes(",p=" + Convert.ToBase64String(proof))];
    }

    private bool Refuse(string violation)
    {
        Violation = violation;
        return false;
    }
}
