// The length and code of the untyped packet that opens a connection.
using System.Buffers.Binary;

namespace Drover.Protocol.Framing;

/// <summary>What the first packet of a connection asks for.</summary>
public enum StartupKind
{
    /// <summary>A session in protocol 3.x; see <see cref="StartupHeader.MinorVersion"/>.</summary>
    Session,

    /// <summary>TLS, please: answered by one byte, S or N.</summary>
    SslRequest,

    /// <summary>GSSAPI encryption, please: answered by one byte, G or N.</summary>
    GssEncRequest,

    /// <summary>Cancel what another connection runs; never answered.</summary>
    CancelRequest,

    /// <summary>A protocol that PostgreSQL does not speak either.</summary>
    Unsupported,
}

/// <summary>
/// Head of the untyped packets: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest. See
/// https://www.postgresql.org/docs/18/protocol-message-formats.html.
/// </summary>
/// <param name="Length">Bytes of the whole packet, the length field included.</param>
/// <param name="Code">A protocol version (major in the upper half, minor in the lower) or a request code.</param>
public readonly record struct StartupHeader(int Length, int Code)
{
    /// <summary>Bytes of the header: length and code.</summary>
    public const int Size = 8;

    /// <summary>Largest <see cref="Length"/>: PostgreSQL takes 10000 bytes after the length field.</summary>
    public const int LengthMax = 10_000 + 4;

    /// <summary>Code of a CancelRequest.</summary>
    public const int CancelRequestCode = 80877102;

    /// <summary>Code of an SSLRequest.</summary>
    public const int SslRequestCode = 80877103;

    /// <summary>Code of a GSSENCRequest.</summary>
    public const int GssEncRequestCode = 80877104;

    /// <summary>Protocol 3.0, which every server and driver speaks.</summary>
    public const int Protocol30 = 3 << 16;

    /// <summary>Protocol 3.2 (PostgreSQL 18): cancel keys of up to 256 bytes.</summary>
    public const int Protocol32 = (3 << 16) | 2;

    /// <summary>Bytes after the header.</summary>
    public int BodyLength => Length - Size;

    /// <summary>Upper half of <see cref="Code"/>.</summary>
    public int MajorVersion => Code >>> 16;

    /// <summary>Lower half of <see cref="Code"/>.</summary>
    public int MinorVersion => Code & 0xffff;

    /// <summary>What is asked for.</summary>
    public StartupKind Kind =>
        Code switch
        {
            SslRequestCode => StartupKind.SslRequest,
            GssEncRequestCode => StartupKind.GssEncRequest,
            CancelRequestCode => StartupKind.CancelRequest,
            _ => MajorVersion == 3 ? StartupKind.Session : StartupKind.Unsupported,
        };

    /// <summary>
    /// Reads the header at the start of <paramref name="buffer"/>; nothing is consumed. A length that is out of bounds
    /// is refused as soon as its four bytes are there.
    /// </summary>
    public static FrameStatus TryRead(ReadOnlySpan<byte> buffer, out StartupHeader header)
    {
        header = default;
        if (buffer.Length < 4)
        {
            return FrameStatus.Incomplete;
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(buffer);
        if (length is < Size or > LengthMax)
        {
            return FrameStatus.Malformed;
        }
        if (buffer.Length < Size)
        {
            return FrameStatus.Incomplete;
        }
        header = new StartupHeader((int)length, BinaryPrimitives.ReadInt32BigEndian(buffer[4..]));
        return FrameStatus.Complete;
    }

    /// <summary>
    /// Whether the first byte of a connection opens a TLS handshake at once (direct negotiation, PostgreSQL 17): no
    /// startup packet can begin with it, as its length would be out of bounds.
    /// </summary>
    public static bool IsTlsClientHello(byte first) => first == 0x16;

    /// <summary>Writes an SSLRequest.</summary>
    public static void WriteSslRequest(MessageWriter writer) => WriteRequest(writer, SslRequestCode);

    /// <summary>Writes a GSSENCRequest.</summary>
    public static void WriteGssEncRequest(MessageWriter writer) => WriteRequest(writer, GssEncRequestCode);

    private static void WriteRequest(MessageWriter writer, int code)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.BeginUntyped();
        writer.WriteInt32(code);
        writer.End();
    }
}
