// Rewrites a statement by putting bytes in the place of bytes, and in no other way.
using System.Buffers;

namespace Drover.Sql.Statements;

/// <summary>
/// Edits at positions of the text, in their order. What is between them stays as it came: comments, spelling, encoding.
/// A tree is never written out as SQL: libpg_query's way to do that can end the process.
/// </summary>
internal sealed class SqlSplice
{
    private readonly List<(int Start, int Length, byte[] Text)> _edits = [];

    /// <summary>Puts a text in the place of some bytes; of none, to insert it.</summary>
    /// <param name="start">The first byte that goes.</param>
    /// <param name="length">How many go.</param>
    /// <param name="text">What comes.</param>
    /// <exception cref="ArgumentException">The bytes are not behind those of the edit before.</exception>
    public SqlSplice Replace(int start, int length, ReadOnlySpan<byte> text)
    {
        int end = _edits.Count == 0 ? 0 : _edits[^1].Start + _edits[^1].Length;
        if (start < end || length < 0)
        {
            throw new ArgumentException($"The edit at {start} is not behind {end}.", nameof(start));
        }
        _edits.Add((start, length, text.ToArray()));
        return this;
    }

    /// <summary>Writes the text with all edits made.</summary>
    public void Write(ReadOnlySpan<byte> sql, IBufferWriter<byte> output)
    {
        int position = 0;
        foreach ((int start, int length, byte[] text) in _edits)
        {
            output.Write(sql[position..start]);
            output.Write(text);
            position = start + length;
        }
        output.Write(sql[position..]);
    }
}
