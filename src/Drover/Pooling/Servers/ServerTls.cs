// TLS towards servers, in libpq's modes.
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;
using Drover.Protocol;
using Drover.Protocol.Framing;
using Drover.Transport;
using Drover.Transport.Tls;

namespace Drover.Pooling.Servers;

/// <summary>How one attempt to connect treats TLS.</summary>
internal enum TlsAttempt
{
    /// <summary>It is not asked for.</summary>
    Plain,

    /// <summary>It is asked for, and done without when the server has none.</summary>
    IfOffered,

    /// <summary>Nothing is sent without it.</summary>
    Always,
}

/// <summary>What server_tls_* say, ready for use: certificates are read once per (re)load.</summary>
/// <remarks>
/// The modes and their two attempts are those of https://www.postgresql.org/docs/18/libpq-ssl.html: allow tries without
/// TLS first and with it when the server refuses that; prefer the other way round. With authorities given, the server's
/// certificate is checked in every mode, as libpq does when there is a root.crt.
/// </remarks>
internal sealed class ServerTls
{
    private readonly TlsOptions _options;
    private readonly CipherSuitesPolicy? _ciphers;
    private readonly X509Certificate2Collection? _authorities;
    private readonly SslStreamCertificateContext? _certificate;

    public ServerTls(TlsOptions options)
    {
        _options = options;
        _ciphers = TlsFiles.Ciphers(options);
        _authorities = TlsFiles.ReadAuthorities(options.CaFile);
        if (options.CertFile.Length > 0)
        {
            using X509Certificate2 pem = X509Certificate2.CreateFromPemFile(
                options.CertFile,
                options.KeyFile.Length > 0 ? options.KeyFile : null
            );
            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(options.CertFile);
            _certificate = SslStreamCertificateContext.Create(
                X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null),
                chain,
                offline: true
            );
        }
    }

    public TlsMode Mode => _options.Sslmode;

    /// <summary>How the first attempt is made; there is no TLS on Unix sockets.</summary>
    public TlsAttempt First(bool isUnix) =>
        isUnix ? TlsAttempt.Plain
        : Mode is TlsMode.Disable or TlsMode.Allow ? TlsAttempt.Plain
        : Mode == TlsMode.Prefer ? TlsAttempt.IfOffered
        : TlsAttempt.Always;

    /// <summary>The other way to try after a failure, or null when the failure stands.</summary>
    /// <param name="failed">The attempt that failed.</param>
    /// <param name="failure">What pg_hba.conf refuses may be welcome the other way, a wrong password is not.</param>
    /// <param name="wasSecured">TLS was in use or being set up.</param>
    /// <param name="isUnix">The server is on a Unix socket.</param>
    public TlsAttempt? Other(TlsAttempt failed, PoolFailure failure, bool wasSecured, bool isUnix)
    {
        bool isRefusal = failure is { IsFromServer: true, SqlState: SqlState.InvalidAuthorizationSpecification };
        return Mode switch
        {
            _ when isUnix => null,
            TlsMode.Allow when failed == TlsAttempt.Plain && isRefusal => TlsAttempt.Always,
            TlsMode.Prefer when wasSecured && (isRefusal || !failure.IsFromServer) => TlsAttempt.Plain,
            _ => null,
        };
    }

    /// <summary>
    /// Asks for TLS and performs the handshake; gives the bare connection back when the attempt allows for that. Throws
    /// <see cref="AuthenticationException"/> or IOException.
    /// </summary>
    public async Task<Connection> SecureAsync(
        Connection bare,
        string host,
        TlsAttempt attempt,
        CancellationToken cancellationToken
    )
    {
        if (attempt == TlsAttempt.Plain)
        {
            return bare;
        }
        if (_options.Negotiation == TlsNegotiation.Direct)
        {
            return await ShakeHandsAsync(bare, host, cancellationToken);
        }
        using MessageWriter request = new(64);
        StartupHeader.WriteSslRequest(request);
        byte answer = await ByteExchange.AskAsync(bare, request.Memory, cancellationToken);
        return answer switch
        {
            (byte)'S' => await ShakeHandsAsync(bare, host, cancellationToken),
            (byte)'N' when attempt == TlsAttempt.IfOffered => bare,
            (byte)'N' => throw new AuthenticationException("the server does not offer TLS"),
            _ => throw new IOException("the server did not answer the request for TLS with S or N"),
        };
    }

    private async Task<Connection> ShakeHandsAsync(Connection bare, string host, CancellationToken cancellationToken)
    {
        string? problem = null;
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = host,
            EnabledSslProtocols = TlsFiles.Protocols(_options.Protocols),
            CipherSuitesPolicy = _ciphers,
            CertificateChainPolicy = TlsFiles.ChainPolicy(_authorities, TlsFiles.ServerPurpose),
            ClientCertificateContext = _certificate,
            ApplicationProtocols = [TlsFiles.PostgresProtocol],
            RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                (problem = FindProblem(host, chain, errors)) is null,
        };
        try
        {
            TlsConnection secured = await TlsConnection.ConnectAsync(bare, options, cancellationToken);
            if (_options.Negotiation == TlsNegotiation.Direct && !secured.HasApplicationProtocol)
            {
                secured.Dispose();
                throw new IOException("the server did not agree on PostgreSQL's protocol in direct negotiation");
            }
            return secured;
        }
        catch (AuthenticationException failure)
        {
            throw new AuthenticationException(problem ?? $"TLS: {TlsFiles.ReasonOf(failure)}", failure);
        }
    }

    private string? FindProblem(string host, X509Chain? chain, SslPolicyErrors errors)
    {
        bool isChainChecked = Mode is TlsMode.VerifyCa or TlsMode.VerifyFull || _authorities is not null;
        if (isChainChecked && errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            string reasons = string.Join(", ", chain?.ChainStatus.Select(static status => status.Status) ?? []);
            return $"the server's certificate is not trusted: {reasons}";
        }
        if (Mode == TlsMode.VerifyFull && errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"the server's certificate is not for host \"{host}\"";
        }
        return isChainChecked && errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)
            ? "the server showed no certificate"
            : null;
    }
}
