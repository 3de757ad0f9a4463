// What ties a SCRAM exchange to the TLS connection that it runs in.
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Drover.Protocol.Authentication;

/// <summary>
/// Channel binding of type tls-server-end-point (RFC 5929), the only one that PostgreSQL has: a hash of the server's
/// certificate. See https://www.postgresql.org/docs/18/sasl-authentication.html.
/// </summary>
public static class ChannelBinding
{
    private const string RsaPss = "1.2.840.113549.1.1.10";

    /// <summary>
    /// Hashes a certificate with the hash of its own signature, MD5 and SHA-1 replaced by SHA-256. False if its
    /// signature has none (Ed25519) or an unknown one: channel binding is then undefined, and must not be offered.
    /// </summary>
    public static bool TryHashCertificate(X509Certificate2 certificate, out byte[] hash)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        string? signature = certificate.SignatureAlgorithm.Value;
        string? algorithm = signature == RsaPss ? PssHash(certificate.RawDataMemory) : signature;
        hash = HashFor(algorithm) switch
        {
            256 => SHA256.HashData(certificate.RawDataMemory.Span),
            384 => SHA384.HashData(certificate.RawDataMemory.Span),
            512 => SHA512.HashData(certificate.RawDataMemory.Span),
            _ => [],
        };
        return hash.Length > 0;
    }

    /// <summary>Bits of the hash for a signature's, or a hash's own, identifier; 0 if there is none.</summary>
    private static int HashFor(string? oid) =>
        oid switch
        {
            "1.2.840.113549.1.1.4" or "1.2.840.113549.2.5" => 256, // MD5
            "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" or "1.2.840.10040.4.3" or "1.3.14.3.2.26" => 256, // SHA-1
            "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" or "2.16.840.1.101.3.4.3.2" => 256,
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" or "2.16.840.1.101.3.4.3.3" => 384,
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" or "2.16.840.1.101.3.4.3.4" => 512,
            "2.16.840.1.101.3.4.2.1" => 256,
            "2.16.840.1.101.3.4.2.2" => 384,
            "2.16.840.1.101.3.4.2.3" => 512,
            _ => 0,
        };

    /// <summary>
    /// The hash that an RSA-PSS signature names in its parameters (RFC 4055); SHA-1 if it names none.
    /// </summary>
    private static string? PssHash(ReadOnlyMemory<byte> certificate)
    {
        try
        {
            AsnReader outer = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
            outer.ReadEncodedValue();
            AsnReader algorithm = outer.ReadSequence();
            algorithm.ReadObjectIdentifier();
            AsnReader parameters = algorithm.ReadSequence();
            Asn1Tag hash = new(TagClass.ContextSpecific, 0);
            if (!parameters.HasData || !parameters.PeekTag().HasSameClassAndValue(hash))
            {
                return "1.3.14.3.2.26";
            }
            return parameters.ReadSequence(hash).ReadSequence().ReadObjectIdentifier();
        }
        catch (AsnContentException)
        {
            return null;
        }
    }
}
