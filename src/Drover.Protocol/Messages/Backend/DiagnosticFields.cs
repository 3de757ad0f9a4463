// The fields that an error and a notice have in common.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>
/// Fields of an ErrorResponse or a NoticeResponse, see https://www.postgresql.org/docs/18/protocol-error-fields.html.
/// A field that is not there reads as empty.
/// </summary>
public readonly ref struct DiagnosticFields
{
    private readonly ReadOnlySpan<byte> _fields;

    private DiagnosticFields(ReadOnlySpan<byte> fields) => _fields = fields;

    /// <summary>The severity that is never translated (V): ERROR, FATAL, WARNING …</summary>
    public ReadOnlySpan<byte> Severity
    {
        get
        {
            ReadOnlySpan<byte> severity = Find((byte)'V');
            return severity.IsEmpty ? Find((byte)'S') : severity;
        }
    }

    /// <summary>The SQLSTATE (C), five bytes; see <see cref="SqlState"/>.</summary>
    public ReadOnlySpan<byte> Code => Find((byte)'C');

    /// <summary>The message (M), one line as a rule.</summary>
    public ReadOnlySpan<byte> Message => Find((byte)'M');

    /// <summary>More about it (D).</summary>
    public ReadOnlySpan<byte> Detail => Find((byte)'D');

    /// <summary>What to do about it (H).</summary>
    public ReadOnlySpan<byte> Hint => Find((byte)'H');

    /// <summary>Where it came up (W), one line for each level.</summary>
    public ReadOnlySpan<byte> Context => Find((byte)'W');

    /// <summary>The routine in the server that reported it (R): the way to tell equal codes apart.</summary>
    public ReadOnlySpan<byte> Routine => Find((byte)'R');

    /// <summary>Whether the session ends with it.</summary>
    public bool IsFatal => Severity.SequenceEqual("FATAL"u8) || Severity.SequenceEqual("PANIC"u8);

    /// <summary>The value of the first field with this code; empty if there is none.</summary>
    public ReadOnlySpan<byte> Find(byte code)
    {
        foreach (Field field in this)
        {
            if (field.Code == code)
            {
                return field.Value;
            }
        }
        return default;
    }

    /// <summary>Walks all fields, those of unknown codes too.</summary>
    public Enumerator GetEnumerator() => new(_fields);

    internal static bool TryRead(ReadOnlySpan<byte> body, out DiagnosticFields fields)
    {
        fields = default;
        MessageReader reader = new(body);
        while (reader.TryReadByte(out byte code))
        {
            if (code == 0)
            {
                fields = new DiagnosticFields(body[..^1]);
                return reader.AtEnd;
            }
            if (!reader.TryReadCString(out _))
            {
                return false;
            }
        }
        return false;
    }

    internal static void Write(
        MessageWriter writer,
        byte type,
        string severity,
        string sqlState,
        string message,
        string? detail,
        string? hint,
        string? routine,
        string? context
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(type);
        WriteField(writer, 'S', severity);
        WriteField(writer, 'V', severity);
        WriteField(writer, 'C', sqlState);
        WriteField(writer, 'M', message);
        WriteField(writer, 'D', detail);
        WriteField(writer, 'H', hint);
        WriteField(writer, 'W', context);
        WriteField(writer, 'R', routine);
        writer.WriteByte(0);
        writer.End();
    }

    private static void WriteField(MessageWriter writer, char code, string? value)
    {
        if (value is not null)
        {
            writer.WriteByte((byte)code);
            writer.WriteCString(value);
        }
    }

    /// <summary>One field.</summary>
    public readonly ref struct Field(byte code, ReadOnlySpan<byte> value)
    {
        /// <summary>The letter that says what it is.</summary>
        public byte Code { get; } = code;

        /// <summary>Its text.</summary>
        public ReadOnlySpan<byte> Value { get; } = value;
    }

    /// <summary>Walks the fields.</summary>
    public ref struct Enumerator
    {
        private MessageReader _reader;

        internal Enumerator(ReadOnlySpan<byte> fields) => _reader = new MessageReader(fields);

        /// <summary>The field under the cursor.</summary>
        public Field Current { get; private set; }

        /// <summary>Goes to the next field.</summary>
        public bool MoveNext()
        {
            if (!_reader.TryReadByte(out byte code) || !_reader.TryReadCString(out var value))
            {
                return false;
            }
            Current = new Field(code, value);
            return true;
        }
    }
}
