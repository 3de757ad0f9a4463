// TLS towards servers, in libpq's modes.
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;
using Drover.Protocol.Framing;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Pooling.Servers;

/// <summary>
/// What server_tls_* say, ready for use: certificates are read once per (re)load
/// (https://www.postgresql.org/docs/18/libpq-ssl.html).
/// </summary>
internal sealed class ServerTls
{
    private readonly TlsOptions _options;
    private readonly X509Certificate2Collection? _authorities;
    private readonly SslStreamCertificateContext? _certificate;

    public ServerTls(TlsOptions options)
    {
        _options = options;
        if (options.CaFile.Length > 0)
        {
            _authorities = [];
            _authorities.ImportFromPemFile(options.CaFile);
        }
        if (options.CertFile.Length > 0)
        {
            using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(
                options.CertFile,
                options.KeyFile.Length > 0 ? options.KeyFile : null
            );
            _certificate = SslStreamCertificateContext.Create(
                X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null),
                null,
                offline: true
            );
        }
    }

    public TlsMode Mode => _options.Sslmode;

    /// <summary>
    /// Asks for TLS and performs the handshake; gives the bare connection back when the server declines and the mode
    /// allows.
    /// </summary>
    public async Task<Connection> SecureAsync(Connection bare, string host, CancellationToken cancellationToken)
    {
        if (bare.UnixPath is not null || Mode is TlsMode.Disable or TlsMode.Allow)
        {
            return bare;
        }
        using MessageWriter request = new(64);
        StartupHeader.WriteSslRequest(request);
        byte answer = await ByteExchange.AskAsync(bare, request.Memory, cancellationToken);
        if (answer != 'S')
        {
            return Mode == TlsMode.Prefer
                ? bare
                : throw new AuthenticationException("the server does not offer TLS, which server_tls_sslmode requires");
        }
        return await TlsConnection.ConnectAsync(bare, Options(host), cancellationToken);
    }

    private SslClientAuthenticationOptions Options(string host) =>
        new()
        {
            TargetHost = host,
            EnabledSslProtocols = TlsFiles.Protocols(_options.Protocols),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateContext = _certificate,
            RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors),
        };

    private bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (Mode is not (TlsMode.VerifyCa or TlsMode.VerifyFull) && _authorities is null)
        {
            return true;
        }
        if (certificate is not X509Certificate2 presented)
        {
            return false;
        }
        if (Mode == TlsMode.VerifyFull && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return false;
        }
        return TlsFiles.IsIssuedBy(presented, _authorities);
    }
}
