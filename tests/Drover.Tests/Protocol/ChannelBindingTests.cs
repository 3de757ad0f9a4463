// The hash of a certificate follows the hash of its signature.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drover.Protocol.Authentication;

namespace Drover.Tests.Protocol;

public sealed class ChannelBindingTests
{
    // Self-signed, made with openssl; the framework makes neither kind.
    private const string SignedWithSha1 =
        "MIIBcDCCARigAwIBAgIUBbbIC4empO+yqIDq2P0SjZS4aE0wCQYHKoZIzj0EATAOMQwwCgYDVQQDDANvbGQwIBcNMjYxMTIz"
        + "MDg0ODA1WhgPMjEyNjEwMzAwODQ4MDVaMA4xDDAKBgNVBAMMA29sZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD3hLTB7"
        + "gSHzWp/+kEMHw7nkUqfGgBj/OJ4aVrkyxKgN9J2ZAqQ9SjZVq/m5Y8M52UFfqNnQQ+Rff5RSAy47NF+jUzBRMB0GA1UdDgQW"
        + "BBTPFAbFh0Ai3JiJK6I6Lbp2bO2U2DAfBgNVHSMEGDAWgBTPFAbFh0Ai3JiJK6I6Lbp2bO2U2DAPBgNVHRMBAf8EBTADAQH/"
        + "MAkGByqGSM49BAEDRwAwRAIgDdtUyY4smPYvOgYAkhwlI3H/CDw8Tp1UpGy1h3CukHwCIA3SQWxKj+l+7b7dNCXqEM9Clx13"
        + "AjIYl2h7I9mmbTZ8";

    private const string SignedWithEd25519 =
        "MIIBMDCB46ADAgECAhQLMurHGFS8HXXvCChetVONsLa6MTAFBgMrZXAwDTELMAkGA1UEAwwCZWQwIBcNMjYxMTIzMDg0ODA1"
        + "WhgPMjEyNjEwMzAwODQ4MDVaMA0xCzAJBgNVBAMMAmVkMCowBQYDK2VwAyEAmvAhtz+XkLUpC2NwniAQfl1UiPVAsGa0nm/3"
        + "706BSlSjUzBRMB0GA1UdDgQWBBQbCXrvVe4S9ZWA0J7eyqCgw9XaPjAfBgNVHSMEGDAWgBQbCXrvVe4S9ZWA0J7eyqCgw9Xa"
        + "PjAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBAAxGp/37pvoIHRd6znE35IImzB1z5Ipg3CubV+cWtj0jBOz63GGPeYntmA7z"
        + "w0G0f4qj2IYnQBMpcQ7FEAeXrQs=";

    private static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("SHA256", false, 256)]
    [InlineData("SHA384", false, 384)]
    [InlineData("SHA512", false, 512)]
    [InlineData("SHA256", true, 256)]
    [InlineData("SHA384", true, 384)]
    [InlineData("SHA512", true, 512)]
    public void Rsa_certificate_is_hashed_as_it_is_signed(string signature, bool pss, int bits)
    {
        using RSA key = RSA.Create(2048);
        RSASignaturePadding padding = pss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        CertificateRequest request = new("CN=localhost", key, new HashAlgorithmName(signature), padding);
        using X509Certificate2 certificate = request.CreateSelfSigned(From, From.AddYears(1));
        Check(certificate, bits);
    }

    [Theory]
    [InlineData("SHA256", 256)]
    [InlineData("SHA384", 384)]
    [InlineData("SHA512", 512)]
    public void Ecdsa_certificate_is_hashed_as_it_is_signed(string signature, int bits)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, new HashAlgorithmName(signature));
        using X509Certificate2 certificate = request.CreateSelfSigned(From, From.AddYears(1));
        Check(certificate, bits);
    }

    [Fact]
    public void Sha1_is_replaced_by_sha256()
    {
        byte[] der = Convert.FromBase64String(SignedWithSha1);
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        Check(certificate, 256);
    }

    [Fact]
    public void Signature_without_a_hash_gives_no_binding()
    {
        byte[] der = Convert.FromBase64String(SignedWithEd25519);
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        Assert.False(ChannelBinding.TryHashCertificate(certificate, out byte[] hash));
        Assert.Empty(hash);
    }

    private static void Check(X509Certificate2 certificate, int bits)
    {
        byte[] expected = bits switch
        {
            256 => SHA256.HashData(certificate.RawData),
            384 => SHA384.HashData(certificate.RawData),
            _ => SHA512.HashData(certificate.RawData),
        };
        Assert.True(ChannelBinding.TryHashCertificate(certificate, out byte[] hash));
        Assert.Equal(expected, hash);
    }
}
