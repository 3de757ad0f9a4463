// TLS towards clients, in libpq's modes.
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;
using Drover.Protocol.Authentication;
using Drover.Transport.Tls;

namespace Drover.Sessions.Login;

/// <summary>What client_tls_* say, ready for use: certificates are read once per (re)load.</summary>
internal sealed class ClientTls
{
    private readonly TlsOptions _options;
    private readonly SslStreamCertificateContext? _certificate;
    private readonly X509Certificate2Collection? _authorities;

    /// <summary>Reads the files; throws what reading certificates throws, for the caller to name the setting.</summary>
    public ClientTls(TlsOptions options)
    {
        _options = options;
        if (options.Sslmode == TlsMode.Disable)
        {
            return;
        }
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(options.CertFile, options.KeyFile);
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        X509Certificate2Collection chain = [];
        chain.ImportFromPemFile(options.CertFile);
        _certificate = SslStreamCertificateContext.Create(own, chain, offline: true);
        BindingHash = ChannelBinding.TryHashCertificate(own, out byte[] hash) ? hash : [];
        if (options.CaFile.Length > 0)
        {
            _authorities = [];
            _authorities.ImportFromPemFile(options.CaFile);
        }
    }

    public TlsMode Mode => _options.Sslmode;

    public bool IsOffered => Mode != TlsMode.Disable;

    /// <summary>A client without TLS is refused.</summary>
    public bool IsRequired => Mode is TlsMode.Require or TlsMode.VerifyCa or TlsMode.VerifyFull;

    /// <summary>tls-server-end-point of our certificate, for SCRAM-SHA-256-PLUS; empty when it has none.</summary>
    public byte[] BindingHash { get; } = [];

    /// <summary>Options of one handshake.</summary>
    /// <param name="isDirect">Direct negotiation: the client must ask for the protocol by ALPN.</param>
    public SslServerAuthenticationOptions Handshake(bool isDirect) =>
        new()
        {
            ServerCertificateContext = _certificate,
            EnabledSslProtocols = TlsFiles.Protocols(_options.Protocols),
            ClientCertificateRequired = _authorities is not null,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ApplicationProtocols = isDirect ? [new SslApplicationProtocol("postgresql")] : null,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => IsAcceptable(certificate),
        };

    private bool IsAcceptable(X509Certificate? certificate)
    {
        bool isDemanded = Mode is TlsMode.VerifyCa or TlsMode.VerifyFull;
        if (certificate is not X509Certificate2 presented)
        {
            return !isDemanded;
        }
        return _authorities is not null && TlsFiles.IsIssuedBy(presented, _authorities);
    }
}
