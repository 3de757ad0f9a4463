// The way from a text to what it is: the cache, else the parser.
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Sql.Statements;

/// <summary>
/// One for a database. <see cref="TryFind"/> is for every statement and allocates nothing; <see cref="LearnAsync"/>
/// is for what it does not find.
/// </summary>
/// <typeparam name="TKnown">What is kept of a description.</typeparam>
internal sealed class KnownStatements<TKnown>(ISqlParser parser, StatementCache<TKnown> cache)
    where TKnown : class, IShapeValue
{
    /// <summary>Looks a statement up by its text, else by its shape.</summary>
    public bool TryFind(
        ReadOnlySpan<byte> sql,
        ShapeContext context,
        ShapeBuffer buffer,
        out KnownStatement<TKnown> known
    ) => cache.TryFind(sql, context, buffer, out known);

    /// <summary>Parses and describes a statement, and keeps the description when it comes again.</summary>
    /// <param name="sql">Kept until the task ends.</param>
    /// <param name="context">What else its meaning depends on; of the same epoch as the facts.</param>
    /// <param name="catalog">What is known of the database.</param>
    /// <param name="keep">What is kept of the description.</param>
    /// <param name="atOnce">Whether it is kept when it comes for the first time.</param>
    /// <returns>
    /// What is kept, with the buffer that has the statement's literals; one without a tree says why there is none.
    /// </returns>
    public async Task<(TKnown Known, ShapeBuffer Literals)> LearnAsync(
        ReadOnlyMemory<byte> sql,
        ShapeContext context,
        ICatalogFacts catalog,
        Func<StatementDescription, TKnown> keep,
        bool atOnce = false
    )
    {
        ShapeBuffer buffer = new();
        bool hasShape = StatementShape.TryBuild(sql.Span, context, buffer);
        if (!hasShape)
        {
            buffer.Begin([]);
        }
        string? reason = ReasonAgainst(sql.Span, context, hasShape);
        if (reason is not null)
        {
            return (keep(StatementReader.Undescribed(reason, buffer)), buffer);
        }
        // On the parser's thread: who goes over the tree needs its stack.
        TKnown? read = null;
        ParseOutcome outcome = await parser
            .ParseAsync(sql, tree => read = keep(StatementReader.Describe(tree, sql.Span, buffer, catalog)))
            .ConfigureAwait(false);
        TKnown known = read ?? keep(StatementReader.Undescribed(outcome.Reason, buffer));
        if (outcome.Failure is ParseFailure.None or ParseFailure.Refused)
        {
            cache.Add(sql.Span, context, buffer, known, atOnce);
        }
        return (known, buffer);
    }

    private static string? ReasonAgainst(ReadOnlySpan<byte> sql, ShapeContext context, bool hasShape) =>
        !hasShape ? "the statement is too large, or its tokens are not SQL's"
        // The parser reads a backslash as a byte like any other.
        : !context.ConformingStrings && sql.Contains((byte)'\\')
            ? "a backslash while standard_conforming_strings is off"
        : null;
}
