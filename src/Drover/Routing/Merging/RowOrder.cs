// The order of rows by some of their columns.
using System.Buffers.Binary;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;

namespace Drover.Routing.Merging;

/// <summary>A value of a row by which it is ordered.</summary>
/// <param name="IsNull">It is NULL.</param>
/// <param name="Number">What it is, of a type whose values become numbers.</param>
/// <param name="Start">Where it stands in the row's message.</param>
/// <param name="Length">Its bytes.</param>
internal readonly record struct SortValue(bool IsNull, long Number, int Start, int Length);

/// <summary>Made for the columns that an answer really has. Reads each row once; allocates nothing for it.</summary>
internal sealed class RowOrder
{
    private readonly record struct Column(
        int Index,
        uint Type,
        bool IsBinary,
        bool IsNumber,
        bool IsDescending,
        bool HasNullsFirst
    );

    private readonly Column[] _columns;

    /// <summary>The place in <see cref="_columns"/> of each column of a row; -1 of those that do not matter.</summary>
    private readonly int[] _places;

    private RowOrder(Column[] columns)
    {
        _columns = columns;
        _places = [.. Enumerable.Repeat(-1, columns.Max(static column => column.Index) + 1)];
        for (int i = 0; i < columns.Length; i++)
        {
            _places[columns[i].Index] = i;
        }
        HasBytes = columns.Any(static column => !column.IsNumber);
    }

    /// <summary>Values of a row that matter.</summary>
    public int Count => _columns.Length;

    /// <summary>Some values are not numbers, and are compared as they stand in their messages.</summary>
    public bool HasBytes { get; }

    /// <summary>Makes one.</summary>
    /// <param name="plan">Has an order.</param>
    /// <param name="shape">A RowDescription, whole.</param>
    /// <returns>Null if these are not the columns that were planned for, or their order is not known.</returns>
    public static RowOrder? Make(MergePlan plan, ReadOnlySpan<byte> shape)
    {
        bool isAsPlanned =
            RowDescription.TryRead(shape[MessageHeader.Size..], out RowDescription description)
            && description.ColumnCount == plan.Columns;
        if (!isAsPlanned)
        {
            return null;
        }
        List<(uint Type, bool IsBinary)> found = [];
        foreach (RowDescription.Column column in description)
        {
            found.Add((column.TypeOid, column.Format == FormatCodes.Binary));
        }
        List<Column> columns = [];
        foreach (SortColumn one in plan.Sort)
        {
            (uint type, bool isBinary) = found[one.Index];
            if (!SortOrder.IsKnown(type, one.IsByBytes) || (!isBinary && !SortOrder.IsKnownAsText(type)))
            {
                return null;
            }
            // Named again, it decides nothing more.
            if (columns.TrueForAll(known => known.Index != one.Index))
            {
                bool isNumber = SortOrder.IsNumber(type);
                columns.Add(new Column(one.Index, type, isBinary, isNumber, one.IsDescending, one.HasNullsFirst));
            }
        }
        return new RowOrder([.. columns]);
    }

    /// <summary>Reads what a row is ordered by.</summary>
    /// <param name="message">A DataRow, whole.</param>
    /// <param name="values">As many as <see cref="Count"/>.</param>
    /// <returns>False if it is no row of these columns.</returns>
    public bool TryRead(ReadOnlySpan<byte> message, Span<SortValue> values)
    {
        int at = MessageHeader.Size + sizeof(ushort);
        if (message.Length < at || BinaryPrimitives.ReadUInt16BigEndian(message[MessageHeader.Size..]) < _places.Length)
        {
            return false;
        }
        foreach (int place in _places)
        {
            if (message.Length - at < sizeof(int))
            {
                return false;
            }
            int length = BinaryPrimitives.ReadInt32BigEndian(message[at..]);
            at += sizeof(int);
            if (length > message.Length - at)
            {
                return false;
            }
            if (place >= 0 && !TryRead(_columns[place], message, at, length, out values[place]))
            {
                return false;
            }
            at += Math.Max(length, 0);
        }
        return true;
    }

    /// <summary>Compares two rows.</summary>
    public int Compare(
        ReadOnlySpan<byte> one,
        ReadOnlySpan<SortValue> values,
        ReadOnlySpan<byte> other,
        ReadOnlySpan<SortValue> otherValues
    ) => Compare(one, values, other, otherValues, out _);

    /// <summary>The same, with how many values from the first on are equal.</summary>
    public int Compare(
        ReadOnlySpan<byte> one,
        ReadOnlySpan<SortValue> values,
        ReadOnlySpan<byte> other,
        ReadOnlySpan<SortValue> otherValues,
        out int same
    )
    {
        for (same = 0; same < _columns.Length; same++)
        {
            int i = same;
            ref readonly Column column = ref _columns[i];
            ref readonly SortValue value = ref values[i];
            ref readonly SortValue otherValue = ref otherValues[i];
            if (value.IsNull || otherValue.IsNull)
            {
                if (value.IsNull != otherValue.IsNull)
                {
                    return value.IsNull == column.HasNullsFirst ? -1 : 1;
                }
                continue;
            }
            int order = column.IsNumber
                ? value.Number.CompareTo(otherValue.Number)
                : SortOrder.Compare(
                    column.Type,
                    column.IsBinary,
                    one.Slice(value.Start, value.Length),
                    other.Slice(otherValue.Start, otherValue.Length)
                );
            if (order != 0)
            {
                return column.IsDescending ? -order : order;
            }
        }
        return 0;
    }

    private static bool TryRead(
        in Column column,
        ReadOnlySpan<byte> message,
        int start,
        int length,
        out SortValue value
    )
    {
        long number = 0;
        bool isRead =
            length < 0
            || (
                column.IsNumber
                    ? SortOrder.TryNumber(column.Type, column.IsBinary, message.Slice(start, length), out number)
                    : SortOrder.IsValue(column.Type, column.IsBinary, message.Slice(start, length))
            );
        value = new SortValue(length < 0, number, start, Math.Max(length, 0));
        return isRead;
    }
}
