// The certificate of the page, read again when its file has changed: a renewal needs no restart.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drover.Configuration;
using Drover.Telemetry.ControlPlane;
using Microsoft.Extensions.Logging;

namespace Drover.App.Dashboard;

/// <summary>Looks at the file at most every ten seconds; what cannot be read leaves the old one in place.</summary>
internal sealed class ServedCertificate
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(10);

    private readonly WebOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private X509Certificate2 _current;
    private DateTime _written;
    private long _looked;

    private ServedCertificate(WebOptions options, X509Certificate2 current, TimeProvider time, ILogger log)
    {
        _options = options;
        _current = current;
        _time = time;
        _log = log;
        _looked = time.GetTimestamp();
        _written = File.GetLastWriteTimeUtc(options.WebTlsCertFile);
    }

    /// <summary>Reads it for the first time.</summary>
    public static bool TryLoad(
        WebOptions options,
        TimeProvider time,
        ILogger log,
        [NotNullWhen(true)] out ServedCertificate? certificate,
        [NotNullWhen(false)] out string? problem
    )
    {
        certificate = null;
        problem = null;
        try
        {
            certificate = new ServedCertificate(options, Read(options), time, log);
            return true;
        }
        catch (Exception failure) when (IsFileProblem(failure))
        {
            problem = $"web_tls_cert_file, web_tls_key_file: {failure.Message}";
            return false;
        }
    }

    /// <summary>The one to show now.</summary>
    public X509Certificate2 Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_looked) >= s_period)
            {
                _looked = _time.GetTimestamp();
                Renew();
            }
            return _current;
        }
    }

    private void Renew()
    {
        try
        {
            DateTime written = File.GetLastWriteTimeUtc(_options.WebTlsCertFile);
            if (written != _written)
            {
                // Handshakes under way may still use the old one: it is left to the collector.
                _current = Read(_options);
                _written = written;
            }
        }
        catch (Exception failure) when (IsFileProblem(failure))
        {
            LogWeb.OldCertificate(_log, failure.Message);
        }
    }

    private static X509Certificate2 Read(WebOptions options) =>
        X509Certificate2.CreateFromPemFile(options.WebTlsCertFile, options.WebTlsKeyFile);

    private static bool IsFileProblem(Exception failure) =>
        failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException;
}
