// TLS towards clients, in libpq's modes.
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;
using Drover.Protocol.Authentication;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Sessions.Login;

/// <summary>What client_tls_* say, ready for use: certificates are read once per (re)load.</summary>
internal sealed class ClientTls
{
    private readonly TlsOptions _options;
    private readonly CipherSuitesPolicy? _ciphers;
    private readonly SslStreamCertificateContext? _certificate;
    private readonly X509Certificate2Collection? _authorities;
    private readonly byte[] _bindingHash = [];

    /// <summary>Reads the files; throws what reading certificates throws, for the caller to name the setting.</summary>
    public ClientTls(TlsOptions options)
    {
        _options = options;
        _ciphers = TlsFiles.Ciphers(options);
        if (options.Sslmode == TlsMode.Disable)
        {
            return;
        }
        using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(options.CertFile, options.KeyFile);
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        X509Certificate2Collection chain = [];
        chain.ImportFromPemFile(options.CertFile);
        _certificate = SslStreamCertificateContext.Create(own, chain, offline: true);
        _bindingHash = ChannelBinding.TryHashCertificate(own, out byte[] hash) ? hash : [];
        _authorities = TlsFiles.ReadAuthorities(options.CaFile);
    }

    public TlsMode Mode => _options.Sslmode;

    public bool IsOffered => Mode != TlsMode.Disable;

    /// <summary>A client without TLS is refused.</summary>
    public bool IsRequired => Mode is TlsMode.Require or TlsMode.VerifyCa or TlsMode.VerifyFull;

    private bool IsCertificateDemanded => Mode is TlsMode.VerifyCa or TlsMode.VerifyFull;

    /// <summary>
    /// Performs the handshake. A client may name the protocol by ALPN, as libpq does since 17; after direct negotiation
    /// it must have.
    /// </summary>
    public async Task<TlsConnection> AcceptAsync(
        Connection bare,
        ReadOnlyMemory<byte> alreadyReceived,
        bool isDirect,
        CancellationToken cancellationToken
    )
    {
        TlsConnection secured = await TlsConnection.AcceptAsync(bare, alreadyReceived, Options(), cancellationToken);
        secured.BindingHash = _bindingHash;
        if (isDirect && !secured.HasApplicationProtocol)
        {
            secured.Dispose();
            throw new AuthenticationException("direct TLS without the ALPN protocol \"postgresql\"");
        }
        return secured;
    }

    private SslServerAuthenticationOptions Options() =>
        new()
        {
            ServerCertificateContext = _certificate,
            EnabledSslProtocols = TlsFiles.Protocols(_options.Protocols),
            CipherSuitesPolicy = _ciphers,
            // Asked for; whether a client may go without one is decided below.
            ClientCertificateRequired = _authorities is not null || IsCertificateDemanded,
            CertificateChainPolicy = TlsFiles.ChainPolicy(_authorities, TlsFiles.ClientPurpose),
            ApplicationProtocols = [TlsFiles.PostgresProtocol],
            RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                certificate is null ? !IsCertificateDemanded : errors == SslPolicyErrors.None,
        };
}
