// RowDescription: the columns of a result.
using Drover.Protocol.Framing;

namespace Drover.Protocol.Messages.Backend;

/// <summary>RowDescription; checked as a whole before the first column is handed out.</summary>
public readonly ref struct RowDescription
{
    private readonly ReadOnlySpan<byte> _columns;

    private RowDescription(int count, ReadOnlySpan<byte> columns)
    {
        ColumnCount = count;
        _columns = columns;
    }

    /// <summary>How many columns there are.</summary>
    public int ColumnCount { get; }

    /// <summary>Walks the columns in their order.</summary>
    public Enumerator GetEnumerator() => new(_columns);

    /// <summary>Reads a body.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out RowDescription message)
    {
        message = default;
        MessageReader reader = new(body);
        if (!reader.TryReadUInt16(out int count))
        {
            return false;
        }
        ReadOnlySpan<byte> columns = reader.Rest;
        for (int i = 0; i < count; i++)
        {
            if (!Column.TryRead(ref reader, out _))
            {
                return false;
            }
        }
        message = new RowDescription(count, columns);
        return reader.AtEnd;
    }

    /// <summary>
    /// Begins the message: <paramref name="columnCount"/> calls of <see cref="WriteColumn"/> and
    /// <see cref="MessageWriter.End"/> follow.
    /// </summary>
    public static void Begin(MessageWriter writer, int columnCount)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Begin(BackendType.RowDescription);
        writer.WriteUInt16(columnCount);
    }

    /// <summary>Writes a column that belongs to no table.</summary>
    public static void WriteColumn(
        MessageWriter writer,
        string name,
        uint typeOid,
        short typeLength,
        short format = FormatCodes.Text
    )
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteCString(name);
        writer.WriteUInt32(0);
        writer.WriteInt16(0);
        writer.WriteUInt32(typeOid);
        writer.WriteInt16(typeLength);
        writer.WriteInt32(-1);
        writer.WriteInt16(format);
    }

    /// <summary>One column.</summary>
    public readonly ref struct Column
    {
        /// <summary>The column's name or alias.</summary>
        public ReadOnlySpan<byte> Name { get; private init; }

        /// <summary>The OID of its table; 0 if it comes from none.</summary>
        public uint TableOid { get; private init; }

        /// <summary>Its number in that table; 0 if it comes from none.</summary>
        public short Number { get; private init; }

        /// <summary>The OID of its type.</summary>
        public uint TypeOid { get; private init; }

        /// <summary>Bytes of the type; negative if they vary.</summary>
        public short TypeLength { get; private init; }

        /// <summary>The type's modifier; -1 if it has none.</summary>
        public int TypeModifier { get; private init; }

        /// <summary>See <see cref="FormatCodes"/>; always text when a statement was described.</summary>
        public short Format { get; private init; }

        internal static bool TryRead(scoped ref MessageReader reader, out Column column)
        {
            if (
                reader.TryReadCString(out var name)
                && reader.TryReadUInt32(out uint tableOid)
                && reader.TryReadInt16(out short number)
                && reader.TryReadUInt32(out uint typeOid)
                && reader.TryReadInt16(out short typeLength)
                && reader.TryReadInt32(out int typeModifier)
                && reader.TryReadInt16(out short format)
            )
            {
                column = new Column
                {
                    Name = name,
                    TableOid = tableOid,
                    Number = number,
                    TypeOid = typeOid,
                    TypeLength = typeLength,
                    TypeModifier = typeModifier,
                    Format = format,
                };
                return true;
            }
            column = default;
            return false;
        }
    }

    /// <summary>Walks the columns.</summary>
    public ref struct Enumerator
    {
        private MessageReader _reader;
        private Column _current;

        internal Enumerator(ReadOnlySpan<byte> columns) => _reader = new MessageReader(columns);

        /// <summary>The column under the cursor.</summary>
        public readonly Column Current => _current;

        /// <summary>Goes to the next column.</summary>
        public bool MoveNext() => Column.TryRead(ref _reader, out _current);
    }
}
