// Bind: makes a portal of a prepared statement and its parameters.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Frontend;

/// <summary>
/// Bind. Reading it finds the two names only; the parameters are read where they matter, by
/// <see cref="BindParameters.TryRead"/> on <see cref="Remainder"/>.
/// </summary>
public readonly ref struct Bind
{
    /// <summary>The portal's name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Portal { get; private init; }

    /// <summary>The statement's name; empty for the unnamed one.</summary>
    public ReadOnlySpan<byte> Statement { get; private init; }

    /// <summary>All that follows the names, unchecked: parameter formats, parameters, result formats.</summary>
    public ReadOnlySpan<byte> Remainder { get; private init; }

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out Bind message)
    {
        MessageReader reader = new(body);
        bool read = reader.TryReadCString(out var portal) & reader.TryReadCString(out var statement);
        message = read
            ? new Bind
            {
                Portal = portal,
                Statement = statement,
                Remainder = reader.Rest,
            }
            : default;
        return read;
    }

    /// <summary>Writes the message with a remainder that another Bind had: only the names change.</summary>
    public static void Write(
        MessageWriter writer,
        ReadOnlySpan<byte> portal,
        ReadOnlySpan<byte> statement,
        ReadOnlySpan<byte> remainder
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Bind);
        writer.WriteCString(portal);
        writer.WriteCString(statement);
        writer.WriteBytes(remainder);
        writer.End();
    }

    /// <summary>
    /// Begins the message up to the parameters. <paramref name="parameterCount"/> calls of
    /// <see cref="MessageWriter.WriteValue"/> or <see cref="MessageWriter.WriteNull"/> and <see cref="End"/> follow.
    /// </summary>
    public static void Begin(
        MessageWriter writer,
        ReadOnlySpan<byte> portal,
        ReadOnlySpan<byte> statement,
        ReadOnlySpan<short> parameterFormats,
        int parameterCount
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(FrontendType.Bind);
        writer.WriteCString(portal);
        writer.WriteCString(statement);
        FormatCodes.Write(writer, parameterFormats);
        writer.WriteUInt16(parameterCount);
    }

    /// <summary>Writes the result formats and ends the message.</summary>
    public static void End(MessageWriter writer, ReadOnlySpan<short> resultFormats = default)
    {
        FormatCodes.Write(writer, resultFormats);
        writer.End();
    }
}

/// <summary>The parameters of a <see cref="Bind"/> and the formats of its results.</summary>
public readonly ref struct BindParameters
{
    /// <summary>The formats of the parameters.</summary>
    public FormatCodes Formats { get; private init; }

    /// <summary>The parameters' values.</summary>
    public ValueList Values { get; private init; }

    /// <summary>The formats in which the results are wanted.</summary>
    public FormatCodes ResultFormats { get; private init; }

    /// <summary>Reads <see cref="Bind.Remainder"/>; false if counts and lengths do not fit each other.</summary>
    public static bool TryRead(ReadOnlySpan<byte> remainder, out BindParameters parameters)
    {
        MessageReader reader = new(remainder);
        if (
            FormatCodes.TryRead(ref reader, out FormatCodes formats)
            && ValueList.TryRead(ref reader, out ValueList values)
            && FormatCodes.TryRead(ref reader, out FormatCodes resultFormats)
            && reader.AtEnd
            && (formats.Count <= 1 || formats.Count == values.Count)
        )
        {
            parameters = new BindParameters
            {
                Formats = formats,
                Values = values,
                ResultFormats = resultFormats,
            };
            return true;
        }
        parameters = default;
        return false;
    }
}
