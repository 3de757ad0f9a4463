// EXPLAIN by its tokens: what is explained, and how the client asked for it.
using System.Text;
using Drover.Sql.Shapes;

namespace Drover.Routing;

/// <summary>How a plan is written.</summary>
internal enum ExplainFormat
{
    Text,
    Json,

    /// <summary>XML or YAML, or one that is not known.</summary>
    Other,
}

/// <summary>An EXPLAIN of one query, INSERT, UPDATE, DELETE or MERGE.</summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-explain.html</remarks>
/// <param name="Query">The text with spaces for EXPLAIN and its options: a hint in front of them stays.</param>
/// <param name="Start">Where the query begins, in the one text as in the other.</param>
/// <param name="Format">How the plan is to be written.</param>
/// <param name="IsAnalyze">It runs the query.</param>
/// <param name="IsGeneric">Its parameters have no values.</param>
internal sealed record ExplainText(byte[] Query, int Start, ExplainFormat Format, bool IsAnalyze, bool IsGeneric)
{
    private static readonly string[] s_beginnings =
    [
        .. (string[])["select", "with", "values", "table"],
        .. (string[])["insert", "update", "delete", "merge"],
    ];

    /// <summary>Reads one; null if the text is anything else, or has other statements beside it.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static ExplainText? Read(ReadOnlySpan<byte> sql, bool conforming)
    {
        SqlLexer lexer = new(sql, conforming);
        if (!lexer.Next() || !lexer.IsWord("explain"u8) || !lexer.Next())
        {
            return null;
        }
        Options options = new();
        if (lexer.IsSymbol('(') && !IsOfQuery(lexer))
        {
            if (!TryOptions(ref lexer, ref options))
            {
                return null;
            }
        }
        else
        {
            options.IsAnalyze = lexer.IsWord("analyze"u8) || lexer.IsWord("analyse"u8);
            _ = options.IsAnalyze && lexer.Next();
            _ = lexer.IsWord("verbose"u8) && lexer.Next();
        }
        int start = lexer.Start;
        bool isQuery = lexer.IsSymbol('(') || IsBeginning(lexer);
        return isQuery && IsLast(lexer)
            ? new ExplainText(
                Blank(sql, start, conforming),
                start,
                options.Format,
                options.IsAnalyze,
                options.IsGeneric
            )
            : null;
    }

    /// <summary>EXPLAIN and its options, before another query.</summary>
    /// <param name="sql">The text that this was read from.</param>
    /// <param name="query">A text that has its first difference from <see cref="Query"/> behind the start.</param>
    public byte[] Of(ReadOnlySpan<byte> sql, ReadOnlySpan<byte> query) => [.. sql[..Start], .. query[Start..]];

    /// <summary>A parenthesis that belongs to what is explained.</summary>
    private static bool IsOfQuery(SqlLexer lexer) => lexer.Next() && (lexer.IsSymbol('(') || IsBeginning(lexer));

    private static bool IsBeginning(SqlLexer lexer) =>
        lexer.Kind == LexemeKind.Word && s_beginnings.Contains(Lower(lexer.Text));

    /// <summary>The lexer is at the opening parenthesis, and afterwards behind the closing one.</summary>
    private static bool TryOptions(ref SqlLexer lexer, ref Options options)
    {
        do
        {
            if (!lexer.Next() || lexer.Kind != LexemeKind.Word)
            {
                return false;
            }
            string name = Lower(lexer.Text);
            string value = "";
            while (lexer.Next() && !lexer.IsSymbol(',') && !lexer.IsSymbol(')'))
            {
                value += Lower(lexer.Text).Trim('\'');
            }
            options.Take(name, value);
        } while (lexer.IsSymbol(','));
        return lexer.IsSymbol(')') && lexer.Next();
    }

    private static bool IsLast(SqlLexer lexer)
    {
        while (lexer.Next())
        {
            if (lexer.IsSymbol(';') && lexer.Next())
            {
                return false;
            }
        }
        return lexer.Error == LexicalError.None;
    }

    private static byte[] Blank(ReadOnlySpan<byte> sql, int start, bool conforming)
    {
        byte[] query = sql.ToArray();
        SqlLexer lexer = new(sql, conforming);
        while (lexer.Next() && lexer.Start < start)
        {
            query.AsSpan(lexer.Start, lexer.Length).Fill((byte)' ');
        }
        return query;
    }

    private static string Lower(ReadOnlySpan<byte> word) => Encoding.UTF8.GetString(word).ToLowerInvariant();

    private struct Options
    {
        public ExplainFormat Format;
        public bool IsAnalyze;
        public bool IsGeneric;

        /// <summary>Of an option that is there twice the last counts, as on the server.</summary>
        public void Take(string name, string value)
        {
            // What is no truth value is the server's to refuse.
            bool isOn = value is not ("off" or "false" or "0");
            switch (name)
            {
                case "analyze" or "analyse":
                    IsAnalyze = isOn;
                    break;
                case "generic_plan":
                    IsGeneric = isOn;
                    break;
                case "format":
                    Format =
                        value == "text" ? ExplainFormat.Text
                        : value == "json" ? ExplainFormat.Json
                        : ExplainFormat.Other;
                    break;
            }
        }
    }
}
