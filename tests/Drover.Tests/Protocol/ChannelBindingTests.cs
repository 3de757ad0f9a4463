// The hash of a certificate follows the hash of its signature.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Drover.Protocol.Authentication;

namespace Drover.Tests.Protocol;

public sealed class ChannelBindingTests
{
    private static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("SHA1", false, 256)]
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
