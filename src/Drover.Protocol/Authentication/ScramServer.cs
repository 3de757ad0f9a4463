// The server's side of SCRAM-SHA-256: how a client proves its password to Drover.
using System.Globalization;
using System.Security.Cryptography;

namespace Drover.Protocol.Authentication;

/// <summary>Where a SCRAM exchange stands after a client's message.</summary>
public enum ScramServerStatus
{
    /// <summary>Send the reply as AuthenticationSASLContinue and wait.</summary>
    Continue,

    /// <summary>The client is who it says; send the reply as AuthenticationSASLFinal.</summary>
    Succeeded,

    /// <summary>Wrong password, unknown user or no usable secret, all alike: 28P01, with no reply.</summary>
    Failed,

    /// <summary>A message that no correct client sends: 08P01, see <see cref="ScramServer.Violation"/>.</summary>
    Malformed,

    /// <summary>Someone sits between client and server: another certificate, or a shortened offer. 28000.</summary>
    BindingRefused,
}

/// <summary>
/// One exchange, from the mechanism that the client chose to its proof. An unknown user goes through all of it, with a
/// salt that stays the same, and fails as a wrong password does. See
/// https://www.postgresql.org/docs/18/sasl-authentication.html, RFC 5802 and RFC 7677.
/// </summary>
public sealed class ScramServer : IDisposable
{
    private readonly ScramSecret _secret;
    private readonly bool _doomed;
    private readonly bool _passesThrough;
    private readonly byte[] _certificateHash;
    private readonly string _nonce;
    private Step _step = Step.Mechanism;
    private bool _plus;
    private byte[] _gs2Header = [];
    private byte[] _clientFirstBare = [];
    private byte[] _combinedNonce = [];
    private byte[] _serverFirst = [];
    private ScramKeys? _keys;

    /// <summary>Prepares an exchange.</summary>
    /// <param name="user">From the startup packet; PostgreSQL ignores the one inside SCRAM too.</param>
    /// <param name="secret">The user's secret; null for an unknown user.</param>
    /// <param name="mock">Makes up what an unknown user needs.</param>
    /// <param name="certificateHash">From <see cref="ChannelBinding"/>; empty without TLS.</param>
    public ScramServer(
        ReadOnlySpan<byte> user,
        PasswordSecret? secret,
        ScramMock mock,
        ReadOnlySpan<byte> certificateHash = default
    )
        : this(user, secret, mock, certificateHash, ScramText.NewNonce()) { }

    internal ScramServer(
        ReadOnlySpan<byte> user,
        PasswordSecret? secret,
        ScramMock mock,
        ReadOnlySpan<byte> certificateHash,
        string nonce
    )
    {
        ArgumentNullException.ThrowIfNull(mock);
        ScramSecret? usable = secret?.ScramFor(user, mock);
        _doomed = usable is null;
        _passesThrough = secret?.Scram is not null;
        _secret = usable ?? mock.SecretFor(user);
        _certificateHash = certificateHash.ToArray();
        _nonce = nonce;
    }

    private enum Step
    {
        Mechanism,
        ClientFirst,
        ClientFinal,
        Done,
    }

    /// <summary>What was wrong with a malformed message; of our own making, so it can be shown and logged.</summary>
    public string? Violation { get; private set; }

    /// <summary>
    /// After success: the keys with which Drover can log in to a server that stores the same secret. The caller clones
    /// what outlives this exchange. Null if the secret was not a stored SCRAM secret: its salt is then our own.
    /// </summary>
    public ScramKeys? Keys => _keys;

    /// <summary>The mechanisms to offer, the preferred one first.</summary>
    public ReadOnlySpan<string> Mechanisms =>
        _certificateHash.Length > 0
            ? new[] { ScramText.MechanismPlus, ScramText.Mechanism }
            : new[] { ScramText.Mechanism };

    /// <summary>Takes the SASLInitialResponse. If it came without data an empty reply asks for it.</summary>
    public ScramServerStatus Begin(ReadOnlySpan<byte> mechanism, ReadOnlySpan<byte> data, out byte[] reply)
    {
        reply = [];
        if (_step != Step.Mechanism)
        {
            return Refuse("The mechanism has been chosen already.");
        }
        _plus = mechanism.SequenceEqual("SCRAM-SHA-256-PLUS"u8);
        if (!(_plus && _certificateHash.Length > 0) && !mechanism.SequenceEqual("SCRAM-SHA-256"u8))
        {
            return Refuse("The client chose a mechanism that was not offered.");
        }
        _step = Step.ClientFirst;
        return data.IsEmpty ? ScramServerStatus.Continue : Continue(data, out reply);
    }

    /// <summary>Takes a SASLResponse.</summary>
    public ScramServerStatus Continue(ReadOnlySpan<byte> data, out byte[] reply)
    {
        reply = [];
        if (data.Length is 0 or > ScramText.MessageLengthMax)
        {
            return Refuse("The message is empty or too long.");
        }
        return _step switch
        {
            Step.ClientFirst => ReadClientFirst(data, ref reply),
            Step.ClientFinal => ReadClientFinal(data, ref reply),
            _ => Refuse("No message was expected."),
        };
    }

    /// <summary>Overwrites the keys.</summary>
    public void Dispose() => _keys?.Dispose();

    private ScramServerStatus ReadClientFirst(ReadOnlySpan<byte> message, ref byte[] reply)
    {
        // 1. The GS2 header: flag of channel binding, no authorization identity.
        int flagEnd = message.IndexOf((byte)',');
        int headerEnd = flagEnd < 0 ? -1 : message[(flagEnd + 1)..].IndexOf((byte)',') + flagEnd + 1;
        if (flagEnd < 0 || headerEnd <= flagEnd)
        {
            return Refuse("The message has no GS2 header.");
        }
        if (headerEnd != flagEnd + 1)
        {
            return Refuse("The client uses an authorization identity, which is not supported.");
        }
        if (CheckBindingFlag(message[..flagEnd]) is { } refused)
        {
            return refused;
        }

        // 2. The bare message: a name that is ignored, the client's nonce, and extensions that need not be known.
        ReadOnlySpan<byte> bare = message[(headerEnd + 1)..];
        ReadOnlySpan<byte> rest = bare;
        if (
            !ScramText.TryReadAttribute(ref rest, (byte)'n', out _)
            || !ScramText.TryReadAttribute(ref rest, (byte)'r', out ReadOnlySpan<byte> clientNonce)
            || !ScramText.IsNonce(clientNonce)
        )
        {
            return Refuse("The message has no name, no printable nonce, or an extension that is mandatory.");
        }

        // 3. The answer: both nonces, the salt, the iteration count.
        _gs2Header = message[..(headerEnd + 1)].ToArray();
        _clientFirstBare = bare.ToArray();
        _combinedNonce = [.. clientNonce, .. ScramText.Bytes(_nonce)];
        string parameters = string.Create(
            CultureInfo.InvariantCulture,
            $",s={Convert.ToBase64String(_secret.Salt)},i={_secret.Iterations}"
        );
        _serverFirst = [.. "r="u8, .. _combinedNonce, .. ScramText.Bytes(parameters)];
        reply = _serverFirst;
        _step = Step.ClientFinal;
        return ScramServerStatus.Continue;
    }

    /// <summary>Judges the flag n, y or p=…; null if it fits the mechanism.</summary>
    private ScramServerStatus? CheckBindingFlag(ReadOnlySpan<byte> flag)
    {
        if (flag.SequenceEqual("n"u8) || flag.SequenceEqual("y"u8))
        {
            if (_plus)
            {
                return Refuse("The client chose SCRAM-SHA-256-PLUS and sent no channel binding.");
            }
            if (flag[0] == (byte)'y' && _certificateHash.Length > 0)
            {
                Refuse("The client believes that no channel binding was offered, but it was.");
                return ScramServerStatus.BindingRefused;
            }
            return null;
        }
        if (!flag.StartsWith("p="u8))
        {
            return Refuse("The flag of channel binding is unknown.");
        }
        if (!_plus)
        {
            return Refuse("The client chose SCRAM-SHA-256 and sent channel binding.");
        }
        return flag.SequenceEqual("p=tls-server-end-point"u8)
            ? null
            : Refuse("Only channel binding of type tls-server-end-point is supported.");
    }

    private ScramServerStatus ReadClientFinal(ReadOnlySpan<byte> message, ref byte[] reply)
    {
        _step = Step.Done;

        // 1. Binding and nonce must be what was agreed.
        ReadOnlySpan<byte> rest = message;
        if (
            !ScramText.TryReadAttribute(ref rest, (byte)'c', out ReadOnlySpan<byte> binding)
            || !ScramText.TryReadAttribute(ref rest, (byte)'r', out ReadOnlySpan<byte> nonce)
        )
        {
            return Refuse("The message has no channel binding or no nonce.");
        }
        byte[] expected = ScramText.Bytes(ScramText.BindingText(_gs2Header, _plus ? _certificateHash : []));
        if (!CryptographicOperations.FixedTimeEquals(binding, expected))
        {
            Violation = "The channel binding does not match.";
            return _plus ? ScramServerStatus.BindingRefused : ScramServerStatus.Malformed;
        }
        if (!CryptographicOperations.FixedTimeEquals(nonce, _combinedNonce))
        {
            return Refuse("The nonce does not match.");
        }

        // 2. The proof is the last attribute, behind extensions that need not be known.
        int proofAt = message.LastIndexOf(",p="u8);
        if (
            proofAt < 0
            || !ScramText.TryDecodeBase64(message[(proofAt + 3)..], out byte[] proof)
            || proof.Length != ScramSecret.KeyLength
        )
        {
            return Refuse("The message has no proof.");
        }
        return Check(proof, message[..proofAt], ref reply);
    }

    private ScramServerStatus Check(byte[] clientKey, ReadOnlySpan<byte> withoutProof, ref byte[] reply)
    {
        // The proof is the client's key, hidden by a signature that the stored key makes.
        byte[] signature = ScramText.Sign(_secret.StoredKey, _clientFirstBare, _serverFirst, withoutProof);
        ScramText.Xor(signature, clientKey);
        Span<byte> storedKey = stackalloc byte[ScramSecret.KeyLength];
        SHA256.HashData(clientKey, storedKey);
        bool proven = CryptographicOperations.FixedTimeEquals(storedKey, _secret.StoredKey) & !_doomed;
        byte[] verifier = ScramText.Sign(_secret.ServerKey, _clientFirstBare, _serverFirst, withoutProof);
        if (proven)
        {
            _keys = _passesThrough ? new ScramKeys(clientKey, _secret.ServerKey) : null;
            reply = ScramText.Bytes("v=" + Convert.ToBase64String(verifier));
        }
        CryptographicOperations.ZeroMemory(clientKey);
        return proven ? ScramServerStatus.Succeeded : ScramServerStatus.Failed;
    }

    private ScramServerStatus Refuse(string violation)
    {
        Violation = violation;
        _step = Step.Done;
        return ScramServerStatus.Malformed;
    }
}
