// LIMIT and OFFSET of a read of several shards: each shard gives what the whole may need, and it is counted once.
using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using Drover.Routing.Keys;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;

namespace Drover.Routing.Merging;

internal static class RowBounds
{
    /// <summary>Reads how many rows a bound says.</summary>
    /// <param name="bound">The bound.</param>
    /// <param name="values">The Bind.</param>
    /// <param name="lone">Parameters as the statement's facts have them.</param>
    /// <param name="rows">Null: none is said.</param>
    /// <returns>False if it is not certain to be what the server reads.</returns>
    public static bool TryRead(RowBound bound, in BoundValues values, ImmutableArray<int> lone, out long? rows)
    {
        rows = bound.Kind == RowBoundKind.Number ? bound.Number : null;
        if (bound.Kind != RowBoundKind.Parameter)
        {
            return bound.Kind != RowBoundKind.Unknown;
        }
        int number = (int)bound.Number;
        if (!values.TryGet(number, out BoundValue value))
        {
            return false;
        }
        if (value.IsNull)
        {
            return true;
        }
        bool isDeclared = value.Type is SortOrder.Int2 or SortOrder.Int4 or SortOrder.Int8;
        // Where the server infers its type, it is a bigint unless another place says otherwise.
        bool isInferred = value.Type == 0 && !value.IsBinary && lone.Count(other => other == number) == 1;
        if (!(isDeclared || isInferred) || !TryNumber(value, out long read) || read < 0)
        {
            return false;
        }
        rows = read;
        return true;
    }

    /// <summary>
    /// The statement that has each shard give as many rows from its first on as the whole may need: LIMIT n OFFSET m
    /// becomes LIMIT n + m. Null if the clauses are not found as plain as that.
    /// </summary>
    /// <param name="sql">A text that has OFFSET.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static byte[]? FromTheFirst(ReadOnlySpan<byte> sql, bool conforming)
    {
        (Range Limit, Range Offset)? found = Find(sql, conforming);
        if (found is not { } clauses || clauses.Offset.Equals(default))
        {
            return null;
        }
        ReadOnlySpan<byte> offset = sql[clauses.Offset];
        byte[] none = [.. "(0 * ("u8, .. offset, .. ")::bigint)"u8];
        if (clauses.Limit.Equals(default) || !IsNumber(sql[clauses.Limit]))
        {
            return Splice(sql, clauses.Offset, none);
        }
        byte[] sum = [.. "(("u8, .. sql[clauses.Limit], .. ")::bigint + ("u8, .. offset, .. ")::bigint)"u8];
        bool isLimitFirst = clauses.Limit.Start.Value < clauses.Offset.Start.Value;
        // The one behind first, so that the other stays where it is.
        return isLimitFirst
            ? Splice(Splice(sql, clauses.Offset, none), clauses.Limit, sum)
            : Splice(Splice(sql, clauses.Limit, sum), clauses.Offset, none);
    }

    private static bool TryNumber(BoundValue value, out long number)
    {
        ReadOnlySpan<byte> bytes = value.Bytes;
        number = 0;
        if (!value.IsBinary)
        {
            return Utf8Parser.TryParse(bytes, out number, out int read) && read == bytes.Length;
        }
        number = bytes.Length switch
        {
            sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(bytes),
            sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(bytes),
            sizeof(long) => BinaryPrimitives.ReadInt64BigEndian(bytes),
            _ => -1,
        };
        return true;
    }

    /// <summary>Where the operands of the outer LIMIT and OFFSET are; null if they are not one token each.</summary>
    private static (Range Limit, Range Offset)? Find(ReadOnlySpan<byte> sql, bool conforming)
    {
        Range limit = default;
        Range offset = default;
        SqlLexer lexer = new(sql, conforming);
        int depth = 0;
        bool isName = false;
        while (lexer.Next())
        {
            depth +=
                IsOneOf(lexer, "(["u8) ? 1
                : IsOneOf(lexer, ")]"u8) ? -1
                : 0;
            bool isWord = lexer.Kind == LexemeKind.Word && depth == 0 && !isName;
            bool isLimit = isWord && Is(lexer, "limit"u8);
            bool isOffset = isWord && Is(lexer, "offset"u8);
            if (isWord && Is(lexer, "fetch"u8))
            {
                return null;
            }
            // Behind AS or a point every word is a name.
            isName = (isWord && Is(lexer, "as"u8)) || IsOneOf(lexer, "."u8);
            if (!isLimit && !isOffset)
            {
                continue;
            }
            if (!TryOperand(ref lexer, out Range operand))
            {
                return null;
            }
            limit = isLimit ? operand : limit;
            offset = isOffset ? operand : offset;
        }
        return lexer.Error == LexicalError.None ? (limit, offset) : null;
    }

    private static bool TryOperand(ref SqlLexer lexer, out Range operand)
    {
        bool isThere = lexer.Next();
        operand = new Range(lexer.Start, lexer.End);
        bool isPlain =
            lexer.Kind is LexemeKind.Integer or LexemeKind.Parameter
            || (lexer.Kind == LexemeKind.Word && (Is(lexer, "all"u8) || Is(lexer, "null"u8)));
        SqlLexer behind = lexer;
        bool isLast = !behind.Next() || behind.Kind == LexemeKind.Word || IsOneOf(behind, ";"u8);
        return isThere && isPlain && isLast;
    }

    private static bool IsNumber(ReadOnlySpan<byte> operand) =>
        operand[0] is (byte)'$' or (>= (byte)'0' and <= (byte)'9');

    private static bool Is(SqlLexer lexer, ReadOnlySpan<byte> word) =>
        System.Text.Ascii.EqualsIgnoreCase(lexer.Text, word);

    private static bool IsOneOf(SqlLexer lexer, ReadOnlySpan<byte> symbols) =>
        lexer is { Kind: LexemeKind.Symbol, Length: 1 } && symbols.Contains(lexer.Text[0]);

    private static byte[] Splice(ReadOnlySpan<byte> sql, Range at, ReadOnlySpan<byte> with)
    {
        ArrayBufferWriter<byte> spliced = new(sql.Length + with.Length);
        spliced.Write(sql[..at.Start]);
        spliced.Write(with);
        spliced.Write(sql[at.End..]);
        return spliced.WrittenSpan.ToArray();
    }
}
