// NegotiateProtocolVersion: the server's lower version, and the options that it does not know.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>
/// NegotiateProtocolVersion, see https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-START-UP.
/// </summary>
public readonly ref struct NegotiateProtocolVersion
{
    private readonly ReadOnlySpan<byte> _options;

    private NegotiateProtocolVersion(int version, int optionCount, ReadOnlySpan<byte> options)
    {
        Version = version;
        OptionCount = optionCount;
        _options = options;
    }

    /// <summary>The newest version that the server speaks, written as <see cref="StartupHeader.Code"/>.</summary>
    public int Version { get; }

    /// <summary>How many options it did not know.</summary>
    public int OptionCount { get; }

    /// <summary>The name of an option; walks from the first, as there are few.</summary>
    public ReadOnlySpan<byte> Option(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, OptionCount);
        MessageReader reader = new(_options);
        ReadOnlySpan<byte> option = default;
        for (int i = 0; i <= index; i++)
        {
            reader.TryReadCString(out option);
        }
        return option;
    }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out NegotiateProtocolVersion message)
    {
        message = default;
        MessageReader reader = new(body);
        if (!reader.TryReadInt32(out int version) || !reader.TryReadInt32(out int count) || count < 0)
        {
            return false;
        }
        ReadOnlySpan<byte> options = reader.Rest;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadCString(out _))
            {
                return false;
            }
        }
        message = new NegotiateProtocolVersion(version, count, options);
        return reader.AtEnd;
    }

    /// <summary>
    /// Begins the message: <paramref name="optionCount"/> calls of <see cref="MessageWriter.WriteCString(string)"/> and
    /// <see cref="MessageWriter.End"/> follow.
    /// </summary>
    public static void Begin(MessageWriter writer, int version, int optionCount)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.NegotiateProtocolVersion);
        writer.WriteInt32(version);
        writer.WriteInt32(optionCount);
    }
}
