// Writes the rows of a console result, in text or in PostgreSQL's binary formats.
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;

namespace Drover.App.Console;

/// <summary>The types that console columns have, as in PgBouncer.</summary>
internal enum ColumnType
{
    /// <summary>text</summary>
    Text,

    /// <summary>int4</summary>
    Int4,

    /// <summary>int8</summary>
    Int8,

    /// <summary>numeric, always a whole number here</summary>
    Numeric,

    /// <summary>bytea</summary>
    Bytea,
}

/// <summary>A column of a console result.</summary>
internal readonly record struct Column(string Name, ColumnType Type);

/// <summary>
/// Writes rows value by value, in the order of the columns. <see cref="End"/> closes each row; a value too many or too
/// few is a bug of the caller.
/// </summary>
internal sealed class RowWriter
{
    private readonly MessageWriter _output;
    private readonly IReadOnlyList<Column> _columns;
    private readonly short[] _formats;
    private int _next;

    /// <summary>Writes to <paramref name="output"/>.</summary>
    /// <param name="output">Takes the DataRow messages.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="formats">One per column.</param>
    public RowWriter(MessageWriter output, IReadOnlyList<Column> columns, short[] formats)
    {
        _output = output;
        _columns = columns;
        _formats = formats;
    }

    /// <summary>Writes the RowDescription.</summary>
    public static void Describe(MessageWriter output, IReadOnlyList<Column> columns, short[] formats)
    {
        RowDescription.Begin(output, columns.Count);
        for (int i = 0; i < columns.Count; i++)
        {
            (uint oid, short length) = columns[i].Type switch
            {
                ColumnType.Int4 => (23u, (short)4),
                ColumnType.Int8 => (20u, (short)8),
                ColumnType.Numeric => (1700u, (short)-1),
                ColumnType.Bytea => (17u, (short)-1),
                _ => (25u, (short)-1),
            };
            RowDescription.WriteColumn(output, columns[i].Name, oid, length, formats[i]);
        }
        output.End();
    }

    /// <summary>The next value of a text column; null is NULL.</summary>
    public RowWriter Text(string? value)
    {
        Next();
        if (value is null)
        {
            _output.WriteNull();
            return this;
        }
        _output.WriteInt32(Encoding.UTF8.GetByteCount(value));
        _output.WriteBytes(Encoding.UTF8.GetBytes(value));
        return this;
    }

    /// <summary>NULL.</summary>
    public RowWriter Null()
    {
        Next();
        _output.WriteNull();
        return this;
    }

    /// <summary>The next value of a column of numbers; what does not fit an int4 becomes its nearest value.</summary>
    public RowWriter Number(long value)
    {
        (ColumnType type, short format) = Next();
        long number = type == ColumnType.Int4 ? Math.Clamp(value, int.MinValue, int.MaxValue) : value;
        if (format == FormatCodes.Binary)
        {
            WriteBinary(type, number);
            return this;
        }
        Span<byte> digits = stackalloc byte[20];
        number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
        _output.WriteValue(digits[..length]);
        return this;
    }

    /// <summary>1 or 0 in a column of numbers.</summary>
    public RowWriter Flag(bool value) => Number(value ? 1 : 0);

    /// <summary>Ends the row.</summary>
    public void End()
    {
        if (_next != _columns.Count)
        {
            throw new InvalidOperationException($"{_next} values for {_columns.Count} columns.");
        }
        _output.End();
        _next = 0;
    }

    private (ColumnType Type, short Format) Next()
    {
        if (_next == 0)
        {
            DataRow.Begin(_output, _columns.Count);
        }
        int index = _next++;
        return (_columns[index].Type, _formats[index]);
    }

    private void WriteBinary(ColumnType type, long number)
    {
        if (type == ColumnType.Int4)
        {
            _output.WriteInt32(sizeof(int));
            _output.WriteInt32((int)number);
        }
        else if (type == ColumnType.Int8)
        {
            _output.WriteInt32(sizeof(long));
            _output.WriteInt64(number);
        }
        else
        {
            WriteBinaryNumeric(number);
        }
    }

    // numeric on the wire: count of digits in base 10,000, weight of the first, sign, scale, digits.
    private void WriteBinaryNumeric(long number)
    {
        const int DigitBase = 10_000;
        Span<short> digits = stackalloc short[5];
        int count = 0;
        for (ulong rest = (ulong)Int128.Abs(number); rest > 0; rest /= DigitBase)
        {
            digits[count++] = (short)(rest % DigitBase);
        }
        Span<byte> value = stackalloc byte[8 + (2 * 5)];
        BinaryPrimitives.WriteInt16BigEndian(value, (short)count);
        BinaryPrimitives.WriteInt16BigEndian(value[2..], (short)Math.Max(count - 1, 0));
        BinaryPrimitives.WriteInt16BigEndian(value[4..], (short)(number < 0 ? 0x4000 : 0));
        BinaryPrimitives.WriteInt16BigEndian(value[6..], 0);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt16BigEndian(value[(8 + (2 * i))..], digits[count - 1 - i]);
        }
        _output.WriteValue(value[..(8 + (2 * count))]);
    }
}
