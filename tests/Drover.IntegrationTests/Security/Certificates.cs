// A certificate authority of our own, and what it signs: for the tests of TLS on both sides.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Drover.IntegrationTests.Security;

/// <summary>Files of a certificate, its intermediate behind it, and its key.</summary>
internal sealed record PemPair(string CertificateFile, string KeyFile);

/// <summary>
/// A root, an intermediate that signs everything, and another root that nobody trusts. Peers know the root alone, so
/// the intermediate has to be sent.
/// </summary>
internal sealed class Certificates : IDisposable
{
    public const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    public const string ClientPurpose = "1.3.6.1.5.5.7.3.2";

    private readonly string _folder = Directory.CreateTempSubdirectory("drover-pem-").FullName;
    private readonly X509Certificate2 _root = MakeAuthority("Drover test root", null);
    private readonly X509Certificate2 _intermediate;
    private readonly X509Certificate2 _stranger = MakeAuthority("Nobody's root", null);
    private int _count;

    public Certificates()
    {
        _intermediate = MakeAuthority("Drover test intermediate", _root);
        Authority = Write("root.crt", _root.ExportCertificatePem());
        OtherAuthority = Write("stranger.crt", _stranger.ExportCertificatePem());
        // By name, and not by address: so the name of the host matters.
        Server = Issue("CN=localhost", ServerPurpose, "localhost");
        Proxy = Issue("CN=localhost", ServerPurpose, "localhost");
    }

    /// <summary>The root that peers trust.</summary>
    public string Authority { get; }

    /// <summary>A root that signed none of these.</summary>
    public string OtherAuthority { get; }

    /// <summary>PostgreSQL's, for <c>localhost</c>.</summary>
    public PemPair Server { get; }

    /// <summary>The proxy's, for <c>localhost</c>.</summary>
    public PemPair Proxy { get; }

    /// <summary>A client's.</summary>
    public PemPair Client(string commonName) => Issue($"CN={commonName}", ClientPurpose, null);

    /// <summary>A client's, signed by the root that nobody trusts.</summary>
    public PemPair Stranger(string commonName) => Issue($"CN={commonName}", ClientPurpose, null, _stranger);

    /// <summary>Signs a new key.</summary>
    public PemPair Issue(string subject, string purpose, string? hostName, X509Certificate2? issuer = null)
    {
        issuer ??= _intermediate;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        if (hostName is not null)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(hostName);
            request.CertificateExtensions.Add(names.Build());
        }
        using X509Certificate2 certificate = request.Create(
            issuer,
            issuer.NotBefore,
            issuer.NotAfter,
            RandomNumberGenerator.GetBytes(8)
        );
        string name = $"{Interlocked.Increment(ref _count)}";
        return new PemPair(
            Write($"{name}.crt", certificate.ExportCertificatePem() + "\n" + issuer.ExportCertificatePem() + "\n"),
            Write($"{name}.key", key.ExportPkcs8PrivateKeyPem() + "\n")
        );
    }

    public void Dispose()
    {
        _root.Dispose();
        _intermediate.Dispose();
        _stranger.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static X509Certificate2 MakeAuthority(string name, X509Certificate2? issuer)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
        {
            return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        }
        using X509Certificate2 signed = request.Create(
            issuer,
            issuer.NotBefore,
            issuer.NotAfter,
            RandomNumberGenerator.GetBytes(8)
        );
        return signed.CopyWithPrivateKey(key);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        // libpq refuses a key that others may read.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
