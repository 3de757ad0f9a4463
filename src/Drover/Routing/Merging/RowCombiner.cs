// The rows of one group → the one row that they become.
using System.Buffers.Binary;
using Drover.Protocol.Framing;
using Drover.Protocol.Messages;
using Drover.Protocol.Messages.Backend;
using Drover.Routing.Merging.Having;

namespace Drover.Routing.Merging;

/// <summary>The values of a row, in its message.</summary>
internal readonly ref struct RowValues(ReadOnlySpan<byte> message, ReadOnlySpan<Range> places)
{
    private readonly ReadOnlySpan<byte> _message = message;
    private readonly ReadOnlySpan<Range> _places = places;

    /// <summary>A value; a NULL has no bytes.</summary>
    public ReadOnlySpan<byte> this[int column] => _message[_places[column]];

    /// <summary>Whether it is NULL: what stands in the place of its bytes is its length.</summary>
    public bool IsNull(int column) =>
        BinaryPrimitives.ReadInt32BigEndian(_message[(_places[column].Start.Value - sizeof(int))..]) < 0;
}

/// <summary>Made for the columns that an answer really has. Its memory is that of one row.</summary>
internal sealed class RowCombiner : IDisposable
{
    private readonly ColumnCombiner[] _columns;
    private readonly ColumnCombiner[] _all;
    private readonly GroupTester? _having;
    private readonly Range[] _places;

    private RowCombiner(ColumnCombiner[] columns, GroupTester? having, int places)
    {
        _columns = columns;
        _having = having;
        _all = [.. columns, .. having?.Combiners ?? []];
        _places = new Range[places];
    }

    /// <summary>There is a group.</summary>
    public bool HasRow { get; private set; }

    /// <summary>What the server would say if a value of the group is none of its type; null if all are.</summary>
    public string? Overflow => _all.Select(static column => column.Overflow).FirstOrDefault(static it => it != null);

    /// <summary>A value of the group would take so long to compute that others of the loop would wait.</summary>
    public bool IsTooLong => Array.Exists(_all, static column => column.IsTooLong);

    /// <summary>More is gathered for a value of the group than is held.</summary>
    public bool IsTooLarge => Array.Exists(_all, static column => column.IsTooLarge);

    /// <summary>Makes one; null if these are not the columns that were planned for.</summary>
    /// <param name="plan">Combines.</param>
    /// <param name="shape">A RowDescription, whole.</param>
    public static RowCombiner? Make(MergePlan plan, ReadOnlySpan<byte> shape)
    {
        bool isAsPlanned =
            RowDescription.TryRead(shape[MessageHeader.Size..], out RowDescription description)
            && description.ColumnCount == plan.Columns;
        if (!isAsPlanned)
        {
            return null;
        }
        List<ColumnType> types = [];
        foreach (RowDescription.Column column in description)
        {
            types.Add(new ColumnType(column.TypeOid, column.Format == FormatCodes.Binary));
        }
        ColumnCombiner?[] columns =
        [
            .. plan.Combine!.Columns.Select((column, i) => ColumnCombiner.Make(column, i, types)),
        ];
        GroupFilterPlan? having = plan.Combine.Having;
        GroupTester? tester = having is null ? null : GroupTester.Make(having, types);
        return columns.Contains(null) || (having is not null && tester is null)
            ? null
            : new RowCombiner(columns!, tester, types.Count);
    }

    /// <summary>The columns that the client sees of those that the shards give.</summary>
    /// <param name="plan">Combines.</param>
    /// <param name="shape">A RowDescription, whole.</param>
    public static byte[] HeadOf(MergePlan plan, ReadOnlySpan<byte> shape)
    {
        MessageReader reader = new(shape[(MessageHeader.Size + sizeof(ushort))..]);
        // A name, and what is always as long as this behind it.
        const int RestBytes = 18;
        int left = plan.Combine!.Columns.Length;
        while (left > 0 && reader.TryReadCString(out _) && reader.TryReadBytes(RestBytes, out _))
        {
            left--;
        }
        byte[] head = shape[..^reader.Rest.Length].ToArray();
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), head.Length - 1);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(MessageHeader.Size), (ushort)plan.Combine.Columns.Length);
        return head;
    }

    /// <summary>The next row has another of the values that are counted once each.</summary>
    public void NextValue()
    {
        foreach (ColumnCombiner column in _all)
        {
            column.NextValue();
        }
    }

    /// <summary>The one group is there, and has no rows.</summary>
    public void BeginEmpty() => HasRow = true;

    /// <summary>Takes in the first or another row of the group.</summary>
    /// <param name="message">A DataRow, whole.</param>
    /// <returns>False if it is no row of these columns.</returns>
    public bool TryAdd(ReadOnlySpan<byte> message)
    {
        if (!TryPlace(message))
        {
            return false;
        }
        RowValues values = new(message, _places);
        foreach (ColumnCombiner column in _all)
        {
            if (!column.TryAdd(values))
            {
                return false;
            }
        }
        HasRow = true;
        return true;
    }

    /// <summary>Whether HAVING wants the group. False if a value is none of its type.</summary>
    public bool TryTest(out bool isWanted)
    {
        isWanted = true;
        return _having is null || _having.TryTest(out isWanted);
    }

    /// <summary>Writes the group's row.</summary>
    public void Write(MessageWriter writer)
    {
        DataRow.Begin(writer, _columns.Length);
        foreach (ColumnCombiner column in _columns)
        {
            column.Write(writer);
        }
        writer.End();
    }

    /// <summary>The next row begins a group.</summary>
    public void Clear()
    {
        HasRow = false;
        foreach (ColumnCombiner column in _all)
        {
            column.Clear();
        }
    }

    public void Dispose() => _having?.Dispose();

    private bool TryPlace(ReadOnlySpan<byte> message)
    {
        int at = MessageHeader.Size + sizeof(ushort);
        if (
            message.Length < at
            || BinaryPrimitives.ReadUInt16BigEndian(message[MessageHeader.Size..]) != _places.Length
        )
        {
            return false;
        }
        for (int i = 0; i < _places.Length; i++)
        {
            if (message.Length - at < sizeof(int))
            {
                return false;
            }
            int length = Math.Max(BinaryPrimitives.ReadInt32BigEndian(message[at..]), 0);
            at += sizeof(int);
            if (length > message.Length - at)
            {
                return false;
            }
            _places[i] = at..(at + length);
            at += length;
        }
        return true;
    }
}
