// ClientKey and ServerKey: what a SCRAM client needs, whether it knows the password or not.
using System.Security.Cryptography;

namespace Drover.Protocol.Authentication;

/// <summary>
/// The two keys of a SCRAM exchange (RFC 5802). Whoever has the client key can log in wherever the same secret is
/// stored: it is worth a password. Overwritten on disposal.
/// </summary>
public sealed class ScramKeys : IDisposable
{
    private readonly byte[] _clientKey;
    private readonly byte[] _serverKey;

    /// <summary>Takes copies of both keys.</summary>
    public ScramKeys(ReadOnlySpan<byte> clientKey, ReadOnlySpan<byte> serverKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(clientKey.Length, ScramSecret.KeyLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(serverKey.Length, ScramSecret.KeyLength);
        _clientKey = clientKey.ToArray();
        _serverKey = serverKey.ToArray();
    }

    /// <summary>Proves to a server that the client knows the password.</summary>
    public ReadOnlySpan<byte> ClientKey => _clientKey;

    /// <summary>Checks that the server knows the secret.</summary>
    public ReadOnlySpan<byte> ServerKey => _serverKey;

    /// <summary>
    /// Derives the keys from a password, which goes through <see cref="SaslPrep"/>. Takes milliseconds.
    /// </summary>
    public static ScramKeys Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations)
    {
        byte[] prepared = SaslPrep.Prepare(password);
        Span<byte> salted = stackalloc byte[ScramSecret.KeyLength];
        Rfc2898DeriveBytes.Pbkdf2(prepared, salt, salted, iterations, HashAlgorithmName.SHA256);
        CryptographicOperations.ZeroMemory(prepared);

        Span<byte> clientKey = stackalloc byte[ScramSecret.KeyLength];
        Span<byte> serverKey = stackalloc byte[ScramSecret.KeyLength];
        HMACSHA256.HashData(salted, "Client Key"u8, clientKey);
        HMACSHA256.HashData(salted, "Server Key"u8, serverKey);
        ScramKeys keys = new(clientKey, serverKey);
        CryptographicOperations.ZeroMemory(salted);
        CryptographicOperations.ZeroMemory(clientKey);
        return keys;
    }

    /// <summary>A copy with a life of its own.</summary>
    public ScramKeys Clone() => new(_clientKey, _serverKey);

    /// <summary>Overwrites the keys.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_clientKey);
        CryptographicOperations.ZeroMemory(_serverKey);
    }
}
