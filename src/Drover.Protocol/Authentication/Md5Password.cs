// MD5 authentication: the secret that is stored, and the answer to a salted request.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Drover.Protocol.Authentication;

/// <summary>
/// PostgreSQL's md5 method, see https://www.postgresql.org/docs/18/auth-password.html. Old and weak; users that have
/// such secrets must be able to log in all the same.
/// </summary>
[SuppressMessage(
    "Security",
    "CA5351:Do Not Use Broken Cryptographic Algorithms",
    Justification = "It is the protocol."
)]
public static class Md5Password
{
    /// <summary>Bytes of a secret and of a response: md5 and 32 hexadecimal digits.</summary>
    public const int Length = 35;

    /// <summary>Bytes of the salt in the server's request.</summary>
    public const int SaltLength = 4;

    /// <summary>
    /// Computes the secret that pg_authid and userlist.txt hold: md5 of the password and the user's name.
    /// </summary>
    public static void ComputeSecret(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password, Span<byte> secret) =>
        Hash(password, user, secret);

    /// <summary>Computes the response to a salted request from the stored secret.</summary>
    public static void ComputeResponse(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, Span<byte> response)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, Length);
        Hash(secret[3..], salt, response);
    }

    /// <summary>
    /// Whether a client's response fits the stored secret. Unknown users (null) and secrets that cannot be used take
    /// the same time and get the same answer as a wrong password.
    /// </summary>
    public static bool Verify(
        PasswordSecret? secret,
        ReadOnlySpan<byte> user,
        ReadOnlySpan<byte> salt,
        ReadOnlySpan<byte> response
    )
    {
        Span<byte> stored = stackalloc byte[Length];
        bool usable = secret is { Kind: PasswordSecretKind.Md5 or PasswordSecretKind.Plain };
        if (secret is { Kind: PasswordSecretKind.Md5 })
        {
            ComputeSecret(user, user, stored);
            secret.Bytes.CopyTo(stored);
        }
        else
        {
            ComputeSecret(user, usable ? secret!.Bytes : user, stored);
        }
        Span<byte> expected = stackalloc byte[Length];
        ComputeResponse(stored, salt, expected);
        bool equal = CryptographicOperations.FixedTimeEquals(expected, response);
        CryptographicOperations.ZeroMemory(stored);
        return equal & usable;
    }

    private static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> target)
    {
        using IncrementalHash md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(first);
        md5.AppendData(second);
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        md5.GetHashAndReset(digest);
        "md5"u8.CopyTo(target);
        Convert.TryToHexStringLower(digest, target[3..], out _);
    }
}
