// The text of SCRAM messages: attributes with commas between them, base64, printable nonces.
using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Drover.Protocol.Authentication;

/// <summary>What both ends of a SCRAM exchange read and compute, see RFC 5802.</summary>
internal static class ScramText
{
    internal const string Mechanism = "SCRAM-SHA-256";
    internal const string MechanismPlus = "SCRAM-SHA-256-PLUS";

    /// <summary>PostgreSQL's length of a nonce before base64.</summary>
    private const int NonceLength = 18;

    /// <summary>Longest message that is looked at; real ones have some hundred bytes.</summary>
    internal const int MessageLengthMax = 2048;

    internal static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceLength));

    /// <summary>Reads <c>name=value</c> up to the next comma or the end, and steps over the comma.</summary>
    internal static bool TryReadAttribute(ref ReadOnlySpan<byte> rest, byte name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (rest.Length < 2 || rest[0] != name || rest[1] != (byte)'=')
        {
            return false;
        }
        int comma = rest.IndexOf((byte)',');
        value = comma < 0 ? rest[2..] : rest[2..comma];
        rest = comma < 0 ? default : rest[(comma + 1)..];
        return true;
    }

    /// <summary>Printable ASCII without the comma, and not empty.</summary>
    internal static bool IsNonce(ReadOnlySpan<byte> value) =>
        !value.IsEmpty && !value.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e) && !value.Contains((byte)',');

    internal static bool TryDecodeBase64(ReadOnlySpan<byte> text, out byte[] value)
    {
        value = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        bool decoded =
            Base64.DecodeFromUtf8(text, value, out int consumed, out int written) == OperationStatus.Done
            && consumed == text.Length;
        value = decoded ? value[..written] : [];
        return decoded;
    }

    /// <summary>The GS2 header, and the certificate's hash behind it, in base64: the value of attribute c.</summary>
    internal static string BindingText(ReadOnlySpan<byte> header, ReadOnlySpan<byte> certificateHash) =>
        Convert.ToBase64String([.. header, .. certificateHash]);

    /// <summary>HMAC of the three messages that both sides have seen.</summary>
    internal static byte[] Sign(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> clientFirstBare,
        ReadOnlySpan<byte> serverFirst,
        ReadOnlySpan<byte> clientFinalWithoutProof
    )
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(clientFirstBare);
        hash.AppendData(","u8);
        hash.AppendData(serverFirst);
        hash.AppendData(","u8);
        hash.AppendData(clientFinalWithoutProof);
        return hash.GetHashAndReset();
    }

    internal static void Xor(ReadOnlySpan<byte> other, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] ^= other[i];
        }
    }

    internal static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
