// A stored password, in any of the three forms that PostgreSQL and userlist.txt know.
using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Protocol.Authentication;

/// <summary>The form of a stored password.</summary>
public enum PasswordSecretKind
{
    /// <summary>The password itself.</summary>
    Plain,

    /// <summary>md5 and a hash of the password and the user's name.</summary>
    Md5,

    /// <summary>SCRAM-SHA-256 keys.</summary>
    ScramSha256,
}

/// <summary>
/// A secret as pg_authid, pg_shadow and userlist.txt hold it, see
/// https://www.postgresql.org/docs/18/catalog-pg-authid.html. Never printed: <see cref="ToString"/> gives the kind
/// only.
/// </summary>
public sealed class PasswordSecret
{
    private static readonly SearchValues<char> LowerHexDigits = SearchValues.Create("0123456789abcdef");

    private readonly byte[] _bytes;
    private ScramSecret? _derived;

    private PasswordSecret(PasswordSecretKind kind, byte[] bytes, ScramSecret? scram)
    {
        Kind = kind;
        _bytes = bytes;
        Scram = scram;
    }

    /// <summary>The form.</summary>
    public PasswordSecretKind Kind { get; }

    /// <summary>The secret as it was stored, UTF-8. Never log it.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The parsed keys; null unless the kind is <see cref="PasswordSecretKind.ScramSha256"/>.</summary>
    public ScramSecret? Scram { get; }

    /// <summary>Recognises the form, by the rules of PostgreSQL: what is neither of the other two is plain.</summary>
    public static PasswordSecret Parse(string stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        byte[] bytes = Encoding.UTF8.GetBytes(stored);
        if (
            stored.Length == Md5Password.Length
            && stored.StartsWith("md5", StringComparison.Ordinal)
            && !stored.AsSpan(3).ContainsAnyExcept(LowerHexDigits)
        )
        {
            return new PasswordSecret(PasswordSecretKind.Md5, bytes, null);
        }
        return ScramSecret.TryParse(stored, out ScramSecret? scram)
            ? new PasswordSecret(PasswordSecretKind.ScramSha256, bytes, scram)
            : new PasswordSecret(PasswordSecretKind.Plain, bytes, null);
    }

    /// <summary>Takes a password as it is, even if it looks like one of the other forms.</summary>
    public static PasswordSecret FromPlain(ReadOnlySpan<byte> password) =>
        new(PasswordSecretKind.Plain, password.ToArray(), null);

    /// <summary>
    /// Whether a password sent in plain text is the right one. An empty password never is. Every secret, and an unknown
    /// user (null), costs as much as a SCRAM secret.
    /// </summary>
    public static bool VerifyPlain(
        PasswordSecret? secret,
        ReadOnlySpan<byte> user,
        ReadOnlySpan<byte> password,
        ScramMock mock
    )
    {
        ArgumentNullException.ThrowIfNull(mock);
        ScramSecret expected = secret?.Scram ?? mock.SecretFor(user);
        using ScramKeys keys = ScramKeys.Derive(password, expected.Salt, expected.Iterations);
        bool equal;
        switch (secret?.Kind)
        {
            case PasswordSecretKind.Plain:
                equal = CryptographicOperations.FixedTimeEquals(secret.Bytes, password);
                break;
            case PasswordSecretKind.Md5:
                Span<byte> computed = stackalloc byte[Md5Password.Length];
                Md5Password.ComputeSecret(user, password, computed);
                equal = CryptographicOperations.FixedTimeEquals(secret.Bytes, computed);
                break;
            default:
                equal = CryptographicOperations.FixedTimeEquals(expected.ServerKey, keys.ServerKey);
                break;
        }
        return equal & secret is not null & !password.IsEmpty;
    }

    /// <summary>
    /// The keys to check a SCRAM exchange against; null where there are none (md5). Keys of a plain password are
    /// derived once, with the salt that an unknown user of this name would get, and kept.
    /// </summary>
    internal ScramSecret? ScramFor(ReadOnlySpan<byte> user, ScramMock mock)
    {
        if (Kind != PasswordSecretKind.Plain)
        {
            return Scram;
        }
        if (_bytes.Length == 0)
        {
            return null;
        }
        ScramSecret? derived = Volatile.Read(ref _derived);
        Span<byte> salt = stackalloc byte[ScramSecret.SaltLength];
        mock.SaltFor(user, salt);
        if (derived is null || !derived.Salt.SequenceEqual(salt) || derived.Iterations != mock.Iterations)
        {
            derived = ScramSecret.FromPassword(_bytes, salt, mock.Iterations);
            Volatile.Write(ref _derived, derived);
        }
        return derived;
    }

    /// <summary>Says the kind, and nothing of the secret.</summary>
    public override string ToString() => Kind.ToString();
}
