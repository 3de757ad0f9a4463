// The query of a view, as it stands in a file.
using System.Text;
using Drover.Operations;
using Drover.Sql.Shapes;

namespace Drover.Views;

/// <summary>One query, and nothing else: what makes the view puts it into a statement of its own.</summary>
internal static class ViewText
{
    private static readonly byte[][] s_beginnings = [.. new[] { "select", "with", "values", "table" }.Select(Utf8)];

    /// <summary>The query without what is around it.</summary>
    /// <param name="file">The file's text.</param>
    /// <exception cref="OperationException">It is none, or there is more than one.</exception>
    public static string Read(string file)
    {
        byte[] bytes = Utf8(file);
        SqlLexer lexer = new(bytes);
        bool isThere = lexer.Next();
        int start = lexer.Start;
        while (isThere && lexer.IsSymbol('('))
        {
            isThere = lexer.Next();
        }
        if (!isThere || !Begins(lexer))
        {
            throw new OperationException(
                "the file has no query: it is to begin with SELECT, WITH, VALUES or TABLE",
                OperationOutcome.Usage
            );
        }
        int end = lexer.End;
        while (lexer.Next())
        {
            if (lexer.IsSymbol(';'))
            {
                if (lexer.Next())
                {
                    throw new OperationException(
                        "the file has more than one statement: a view is made of one query",
                        OperationOutcome.Usage
                    );
                }
                break;
            }
            end = lexer.End;
        }
        return lexer.Error == LexicalError.None
            ? Encoding.UTF8.GetString(bytes.AsSpan(start, end - start))
            : throw new OperationException(
                $"the file's query is broken off at byte {lexer.End}: {lexer.Error}",
                OperationOutcome.Usage
            );
    }

    private static bool Begins(in SqlLexer lexer)
    {
        foreach (byte[] word in s_beginnings)
        {
            if (lexer.IsWord(word))
            {
                return true;
            }
        }
        return false;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
