// Certificates and protocol names as both sides of the proxy need them.
using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;

namespace Drover.Transport.Tls;

internal static class TlsFiles
{
    /// <summary>The runtime's names for the protocols that are allowed; older ones than 1.2 never are.</summary>
    [SuppressMessage(
        "Security",
        "CA5397",
        Justification = "The operator narrows to one, and what the system allows below 1.2 is not wanted."
    )]
    public static SslProtocols Protocols(TlsProtocols allowed) =>
        (allowed & TlsProtocols.Secure) switch
        {
            TlsProtocols.Tls12 => SslProtocols.Tls12,
            TlsProtocols.Tls13 => SslProtocols.Tls13,
            _ => SslProtocols.Tls12 | SslProtocols.Tls13,
        };

    /// <summary>The suites that the settings name; null lets the system decide.</summary>
    public static CipherSuitesPolicy? Ciphers(TlsOptions options) =>
        options.Sslmode != TlsMode.Disable
        && TlsCiphers.Read(options.Ciphers, options.Tls13Ciphers) is { } suites
        && !OperatingSystem.IsWindows()
            ? new CipherSuitesPolicy(suites)
            : null;

    /// <summary>The protocol's name in ALPN; a direct handshake must agree on it.</summary>
    public static readonly SslApplicationProtocol PostgresProtocol = new("postgresql");

    /// <summary>Purpose of a server's certificate (RFC 5280, 4.2.1.12).</summary>
    public static readonly Oid ServerPurpose = new("1.3.6.1.5.5.7.3.1");

    /// <summary>Purpose of a client's certificate.</summary>
    public static readonly Oid ClientPurpose = new("1.3.6.1.5.5.7.3.2");

    /// <summary>The authorities in a file; null, which means the system's, when no file is named.</summary>
    public static X509Certificate2Collection? ReadAuthorities(string file)
    {
        if (file.Length == 0)
        {
            return null;
        }
        X509Certificate2Collection authorities = [];
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0
            ? authorities
            : throw new CryptographicException($"there is no certificate in '{file}'");
    }

    /// <summary>
    /// How the other side's certificate is judged: by these authorities (null: the system's), for its purpose, with the
    /// intermediates that it sent and those of the file. Nothing is fetched: a stranger's certificate would name the
    /// address. A new one for each handshake, because the runtime adds to it.
    /// </summary>
    public static X509ChainPolicy ChainPolicy(X509Certificate2Collection? authorities, Oid purpose)
    {
        X509ChainPolicy policy = new()
        {
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.ApplicationPolicy.Add(purpose);
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        return policy;
    }

    /// <summary>What the TLS library said, without the runtime's wrapping.</summary>
    public static string ReasonOf(Exception failure)
    {
        while (failure.InnerException is { } inner)
        {
            failure = inner;
        }
        return failure.Message;
    }
}
