// A SCRAM-SHA-256 secret as it is stored: enough to check a password, not to use it.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Drover.Protocol.Authentication;

/// <summary>
/// SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey, see
/// https://www.postgresql.org/docs/18/catalog-pg-authid.html and RFC 5803.
/// </summary>
public sealed class ScramSecret
{
    /// <summary>Bytes of every key.</summary>
    public const int KeyLength = SHA256.HashSizeInBytes;

    /// <summary>Bytes of the salts that PostgreSQL makes; other secrets may have other lengths.</summary>
    public const int SaltLength = 16;

    /// <summary>PostgreSQL's default of scram_iterations.</summary>
    public const int IterationsDefault = 4096;

    private const string Scheme = "SCRAM-SHA-256$";

    private readonly byte[] _salt;
    private readonly byte[] _storedKey;
    private readonly byte[] _serverKey;

    internal ScramSecret(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey)
    {
        Iterations = iterations;
        _salt = salt;
        _storedKey = storedKey;
        _serverKey = serverKey;
    }

    /// <summary>How often the password was hashed.</summary>
    public int Iterations { get; }

    /// <summary>The salt.</summary>
    public ReadOnlySpan<byte> Salt => _salt;

    /// <summary>Hash of the client's key: checks a client.</summary>
    public ReadOnlySpan<byte> StoredKey => _storedKey;

    /// <summary>The server's key: proves to a client that the server knows the secret.</summary>
    public ReadOnlySpan<byte> ServerKey => _serverKey;

    /// <summary>Derives a secret from a password, as CREATE ROLE would. Takes milliseconds.</summary>
    public static ScramSecret FromPassword(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations)
    {
        using ScramKeys keys = ScramKeys.Derive(password, salt, iterations);
        return new ScramSecret(iterations, salt.ToArray(), SHA256.HashData(keys.ClientKey), keys.ServerKey.ToArray());
    }

    /// <summary>Parses the stored form.</summary>
    public static bool TryParse(string stored, [NotNullWhen(true)] out ScramSecret? secret)
    {
        ArgumentNullException.ThrowIfNull(stored);
        secret = null;
        if (!stored.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return false;
        }
        string[] halves = stored[Scheme.Length..].Split('$');
        if (halves.Length != 2)
        {
            return false;
        }
        string[] parameters = halves[0].Split(':');
        string[] keys = halves[1].Split(':');
        if (
            parameters.Length != 2
            || keys.Length != 2
            || !int.TryParse(parameters[0], NumberStyles.None, CultureInfo.InvariantCulture, out int iterations)
            || iterations < 1
            || !TryDecode(parameters[1], out byte[] salt)
            || !TryDecode(keys[0], out byte[] storedKey)
            || !TryDecode(keys[1], out byte[] serverKey)
            || salt.Length == 0
            || storedKey.Length != KeyLength
            || serverKey.Length != KeyLength
        )
        {
            return false;
        }
        secret = new ScramSecret(iterations, salt, storedKey, serverKey);
        return true;
    }

    /// <summary>The stored form, which is a secret itself.</summary>
    public string ToStoredForm() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Scheme}{Iterations}:{Convert.ToBase64String(_salt)}$"
                + $"{Convert.ToBase64String(_storedKey)}:{Convert.ToBase64String(_serverKey)}"
        );

    private static bool TryDecode(string base64, out byte[] bytes)
    {
        byte[] buffer = new byte[base64.Length];
        bool decoded = Convert.TryFromBase64String(base64, buffer, out int length);
        bytes = buffer[..length];
        return decoded;
    }
}
