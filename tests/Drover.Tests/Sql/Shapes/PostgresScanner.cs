// PostgreSQL's own scanner, through libpg_query: what the lexer is held against.
using System.Runtime.InteropServices;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Tests.Sql.Shapes;

internal static unsafe class PostgresScanner
{
    /// <summary>A token, in the words of the lexer; comments are left out.</summary>
    public readonly record struct Token(LexemeKind Kind, int Start, int End);

    /// <summary>The tokens of a text with a zero behind it, or PostgreSQL's message.</summary>
    public static (IReadOnlyList<Token> Tokens, string? Error) Scan(byte[] sql)
    {
        nint library = PgQueryLibrary.Instance!.Handle;
        var scan = (delegate* unmanaged[Cdecl]<byte*, ScanResult>)NativeLibrary.GetExport(library, "pg_query_scan");
        var free = (delegate* unmanaged[Cdecl]<ScanResult, void>)
            NativeLibrary.GetExport(library, "pg_query_free_scan_result");
        fixed (byte* text = sql)
        {
            ScanResult result = scan(text);
            try
            {
                return result.Error is not null
                    ? ([], Marshal.PtrToStringUTF8(*(nint*)result.Error))
                    : (ReadTokens(new ReadOnlySpan<byte>(result.Data, (int)result.Length), text), null);
            }
            finally
            {
                free(result);
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ScanResult
    {
        public readonly nuint Length;
        public readonly byte* Data;
        public readonly byte* Warnings;
        public readonly void* Error;
    }

    /// <summary>message ScanResult { int32 version = 1; repeated ScanToken tokens = 2; }</summary>
    private static List<Token> ReadTokens(ReadOnlySpan<byte> message, byte* text)
    {
        List<Token> tokens = [];
        while (!message.IsEmpty)
        {
            ulong tag = ReadVarint(ref message);
            ulong value = ReadVarint(ref message);
            if (tag == ((2 << 3) | 2))
            {
                if (ReadToken(message[..(int)value], text) is { } token)
                {
                    tokens.Add(token);
                }
                message = message[(int)value..];
            }
        }
        return tokens;
    }

    /// <summary>message ScanToken { int32 start = 1; int32 end = 2; Token token = 4; KeywordKind = 5; }</summary>
    private static Token? ReadToken(ReadOnlySpan<byte> message, byte* text)
    {
        int start = 0;
        int end = 0;
        int kind = 0;
        while (!message.IsEmpty)
        {
            ulong tag = ReadVarint(ref message);
            int value = (int)ReadVarint(ref message);
            switch (tag >> 3)
            {
                case 1:
                    start = value;
                    break;
                case 2:
                    end = value;
                    break;
                case 4:
                    kind = value;
                    break;
            }
        }
        return kind is SqlComment or CComment ? null : new Token(KindOf(kind, text[start]), start, end);
    }

    private const int SqlComment = 275;
    private const int CComment = 276;

    /// <summary>From enum Token of pg_query.proto.</summary>
    private static LexemeKind KindOf(int token, byte first) =>
        token switch
        {
            '\\' or '$' or '{' or '}' => LexemeKind.Other,
            < 128 => "?~!@#&|`".Contains((char)token, StringComparison.Ordinal)
                ? LexemeKind.Operator
                : LexemeKind.Symbol,
            258 => LexemeKind.Word,
            259 => LexemeKind.UnicodeName,
            260 => LexemeKind.Numeric,
            261 => first switch
            {
                (byte)'$' => LexemeKind.DollarString,
                (byte)'e' or (byte)'E' => LexemeKind.EscapeString,
                _ => LexemeKind.String,
            },
            262 => LexemeKind.UnicodeString,
            263 => LexemeKind.BitString,
            264 => LexemeKind.HexString,
            265 => LexemeKind.Operator,
            266 => LexemeKind.Integer,
            267 => LexemeKind.Parameter,
            268 => LexemeKind.Typecast,
            269 => LexemeKind.DotDot,
            270 => LexemeKind.ColonEquals,
            271 => LexemeKind.EqualsGreater,
            272 or 273 or 274 => LexemeKind.Comparison,
            _ => LexemeKind.Word,
        };

    private static ulong ReadVarint(ref ReadOnlySpan<byte> message)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = message[0];
            message = message[1..];
            value |= (ulong)(part & 0x7f) << shift;
            if ((part & 0x80) == 0)
            {
                return value;
            }
        }
    }
}
