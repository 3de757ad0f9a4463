// Certificates and protocol names as both sides of the proxy need them.
using System.Diagnostics.CodeAnalysis;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;

namespace Drover.Transport.Tls;

internal static class TlsFiles
{
    /// <summary>The runtime's names for the protocols that are allowed; None lets the system decide.</summary>
    [SuppressMessage(
        "Security",
        "CA5397",
        Justification = "TLS 1.2 and 1.3 are named only when the operator narrows to one."
    )]
    public static SslProtocols Protocols(TlsProtocols allowed) =>
        (allowed & TlsProtocols.Secure) switch
        {
            TlsProtocols.Tls12 => SslProtocols.Tls12,
            TlsProtocols.Tls13 => SslProtocols.Tls13,
            _ => SslProtocols.None,
        };

    /// <summary>Whether a chain leads from the certificate to one of these authorities; null: the system's.</summary>
    public static bool IsIssuedBy(X509Certificate2 certificate, X509Certificate2Collection? authorities)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (authorities is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        return chain.Build(certificate);
    }
}
