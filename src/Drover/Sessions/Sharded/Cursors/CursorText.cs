// What a statement of SQL does with a cursor.
using Drover.Routing;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Sessions.Sharded.Cursors;

internal static class CursorText
{
    /// <summary>CURSOR_OPT_HOLD of PostgreSQL's parsenodes.h: it outlives its transaction.</summary>
    private const int Hold = 0x20;

    /// <summary>The cursor that a text declares for its transaction; null if it does no such thing.</summary>
    public static string? Declared(StatementPlan plan) =>
        plan.Statements is [{ NodeName: "DeclareCursorStmt", Tree: { } tree }] && (tree.Number("options") & Hold) == 0
            ? tree.Text("portalname")
            : null;

    /// <summary>FETCH, MOVE or CLOSE; null if it is anything else.</summary>
    public static SqlNode? Used(StatementPlan plan) =>
        plan.Statements is [{ NodeName: "FetchStmt" or "ClosePortalStmt", Tree: { } tree }] ? tree : null;

    /// <summary>What of a text may touch the session: a cursor that ends with its transaction does not.</summary>
    public static ReadOnlySpan<byte> Rest(StatementPlan plan, ReadOnlySpan<byte> text, bool conforming)
    {
        if (Declared(plan) is null)
        {
            return text;
        }
        SqlLexer lexer = new(text, conforming);
        return lexer.Next() ? text[lexer.End..] : text;
    }
}
