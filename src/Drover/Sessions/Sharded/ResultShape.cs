// Whether two servers' results have the same columns.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Backend;

namespace Drover.Sessions.Sharded;

internal static class ResultShape
{
    /// <summary>
    /// Compares names, types and formats; what table a column is of has another number on each server.
    /// </summary>
    /// <param name="one">A RowDescription, whole.</param>
    /// <param name="other">Another.</param>
    public static bool IsSame(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (
            !RowDescription.TryRead(one[MessageHeader.Size..], out RowDescription first)
            || !RowDescription.TryRead(other[MessageHeader.Size..], out RowDescription second)
            || first.ColumnCount != second.ColumnCount
        )
        {
            return false;
        }
        RowDescription.Enumerator columns = second.GetEnumerator();
        foreach (RowDescription.Column column in first)
        {
            bool isSame =
                columns.MoveNext()
                && column.Name.SequenceEqual(columns.Current.Name)
                && column.TypeOid == columns.Current.TypeOid
                && column.TypeModifier == columns.Current.TypeModifier
                && column.Format == columns.Current.Format;
            if (!isSame)
            {
                return false;
            }
        }
        return true;
    }
}
