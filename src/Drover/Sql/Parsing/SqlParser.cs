// The one way to a parse tree: checks the text, hands it to a thread with a large stack, and gives back what it became.
using System.Text.Json;
using System.Text.Unicode;
using Drover.Sql.Shapes;

namespace Drover.Sql.Parsing;

/// <summary>Makes trees of statements.</summary>
internal interface ISqlParser
{
    /// <summary>Parses a text of one statement or more.</summary>
    /// <param name="sql">UTF-8 without a zero; is kept until the task ends.</param>
    /// <param name="onTree">
    /// Gets the tree on the parser's thread, whose stack is large enough to recurse over it, before the task ends.
    /// </param>
    Task<ParseOutcome> ParseAsync(ReadOnlyMemory<byte> sql, Action<SqlTree>? onTree = null);
}

/// <summary>A tree, or why there is none.</summary>
internal sealed record ParseOutcome
{
    private ParseOutcome() { }

    /// <summary>The tree; null if there is none.</summary>
    public SqlTree? Tree { get; private init; }

    /// <summary>Why there is no tree.</summary>
    public ParseFailure Failure { get; private init; }

    /// <summary>A sentence for a person; PostgreSQL's own where it refused.</summary>
    public string Reason { get; private init; } = "";

    public static ParseOutcome Of(SqlTree tree) => new() { Tree = tree };

    public static ParseOutcome Failed(ParseFailure failure, string reason) =>
        new() { Failure = failure, Reason = reason };
}

internal enum ParseFailure
{
    None,

    /// <summary>libpg_query is not on this machine.</summary>
    NoParser,

    /// <summary>Its grammar does not have it: an error in the text, or a newer server's statement.</summary>
    Refused,

    /// <summary>Not UTF-8, or with a zero in it.</summary>
    NotText,

    /// <summary>It nests more deeply, or is longer, than is safe to parse.</summary>
    TooDeep,

    /// <summary>Too many statements wait to be parsed.</summary>
    Busy,
}

/// <summary>libpg_query behind its checks.</summary>
/// <param name="library">The library; null if the machine has none.</param>
/// <param name="threads">Where it runs.</param>
internal sealed class PostgresParser(PgQueryLibrary? library, ParserThreads threads) : ISqlParser
{
    /// <inheritdoc/>
    public Task<ParseOutcome> ParseAsync(ReadOnlyMemory<byte> sql, Action<SqlTree>? onTree = null)
    {
        ParseOutcome? refused = Check(sql.Span);
        return refused is null ? threads.RunAsync(() => Parse(sql.Span, onTree)) : Task.FromResult(refused);
    }

    private ParseOutcome? Check(ReadOnlySpan<byte> sql) =>
        library is null ? ParseOutcome.Failed(ParseFailure.NoParser, PgQueryLibrary.Remedy)
        : sql.Contains((byte)0) ? ParseOutcome.Failed(ParseFailure.NotText, "a zero byte is in the statement")
        : !Utf8.IsValid(sql) ? ParseOutcome.Failed(ParseFailure.NotText, "the statement is not valid UTF-8")
        : DepthBound.Allows(sql, out LexicalError error) ? null
        : error == LexicalError.None
            ? ParseOutcome.Failed(ParseFailure.TooDeep, $"the statement nests more than {DepthBound.LevelsMax} levels")
        : ParseOutcome.Failed(ParseFailure.Refused, $"the statement is not SQL: {error}");

    /// <summary>Runs on a parser's thread.</summary>
    private ParseOutcome Parse(ReadOnlySpan<byte> sql, Action<SqlTree>? onTree)
    {
        try
        {
            SqlTree? tree = library!.Parse(ParserText.Of(sql), NodeReader.Read, out string? error);
            if (tree is null)
            {
                return ParseOutcome.Failed(ParseFailure.Refused, error ?? "no tree");
            }
            if (tree.Version < PgQueryLibrary.VersionMin)
            {
                string tooOld = $"{library.Path} is too old. {PgQueryLibrary.Remedy}";
                return ParseOutcome.Failed(ParseFailure.NoParser, tooOld);
            }
            onTree?.Invoke(tree);
            return ParseOutcome.Of(tree);
        }
        catch (JsonException e)
        {
            return ParseOutcome.Failed(ParseFailure.Refused, $"the parser's answer is not understood: {e.Message}");
        }
    }
}
