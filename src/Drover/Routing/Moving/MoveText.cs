// UPDATE of a sharding key, as two statements: one that takes the rows, and one that puts them where they belong.
using System.Buffers;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing.Moving;

/// <summary>
/// The rows are taken by a DELETE with the UPDATE's own WHERE, as texts of the table's row type. They are put by an
/// INSERT … SELECT of what SET says, from those rows under the name that the table had in the UPDATE: so each
/// expression is the client's own, and is made the column's as an UPDATE makes it.
/// </summary>
/// <param name="Delete">Takes the rows; its only column is the row.</param>
/// <param name="Columns">The columns that are set, as PostgreSQL folds them.</param>
internal sealed record MoveText(byte[] Delete, IReadOnlyList<string> Columns)
{
    private static readonly string[] s_systemColumns = ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

    private readonly List<byte[]> _expressions = [];
    private byte[] _alias = [];
    private byte[] _returning = [];
    private string _table = "";

    /// <summary>It gives rows.</summary>
    public bool HasReturning => _returning.Length > 0;

    /// <summary>Reads one; null if it is more than an UPDATE of one table by values and its own columns.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="facts">What it is.</param>
    /// <param name="table">The table.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static MoveText? Read(ReadOnlySpan<byte> sql, StatementFacts facts, ShardedTable table, bool conforming)
    {
        SqlNode tree = facts.Tree!;
        if (
            facts.Tables is not [{ } use]
            || use.Name != table.Name.Name
            || tree.Has("fromClause")
            || !IsPlain(tree, use.Alias)
        )
        {
            return null;
        }
        SqlLexer lexer = new(sql, conforming);
        if (!lexer.Next() || !lexer.IsWord("update"u8) || !lexer.Next() || lexer.IsWord("only"u8))
        {
            return null;
        }
        Range relation = ReadRelation(ref lexer, out Range alias);
        if (!lexer.IsWord("set"u8))
        {
            return null;
        }
        List<Range> items = [];
        ReadItems(ref lexer, items);
        if (!lexer.IsWord("where"u8) || items.Count != tree.List("targetList").Length)
        {
            return null;
        }
        Range where = ReadClause(ref lexer);
        Range returning = lexer.IsWord("returning"u8) ? ReadClause(ref lexer) : default;
        bool isAtEnd = lexer.Kind == LexemeKind.End || (lexer.IsSymbol(';') && !lexer.Next());
        if (!isAtEnd || lexer.Error != LexicalError.None)
        {
            return null;
        }
        MoveText move = new(
            [
                .. "DELETE FROM "u8,
                .. sql[relation],
                .. " "u8,
                .. sql[where],
                .. " RETURNING ("u8,
                .. sql[alias],
                .. ".*)::text"u8,
            ],
            [.. tree.List("targetList").Select(static one => one.Text("name"))]
        )
        {
            _alias = sql[alias].ToArray(),
            _returning = sql[returning].ToArray(),
            _table = $"{Quoted(table.Name.Schema)}.{Quoted(table.Name.Name)}",
        };
        foreach (Range item in items)
        {
            move._expressions.Add(sql[item].ToArray());
        }
        return move;
    }

    /// <summary>The statement that puts the rows.</summary>
    /// <param name="columns">All columns of the table that are not generated.</param>
    /// <param name="rows">As the DELETE gave them.</param>
    public byte[] Insert(IReadOnlyList<string> columns, IReadOnlyList<byte[]> rows)
    {
        ArrayBufferWriter<byte> text = new();
        Write(text, $"INSERT INTO {_table} AS ");
        text.Write(_alias);
        Write(text, $" ({string.Join(", ", columns.Select(Quoted))}) OVERRIDING SYSTEM VALUE SELECT ");
        for (int i = 0; i < columns.Count; i++)
        {
            text.Write(i == 0 ? ""u8 : ", "u8);
            int set = Columns.ToList().IndexOf(columns[i]);
            if (set >= 0)
            {
                text.Write("("u8);
                text.Write(_expressions[set]);
                text.Write(")"u8);
            }
            else
            {
                text.Write(_alias);
                Write(text, $".{Quoted(columns[i])}");
            }
        }
        text.Write(" FROM pg_catalog.unnest(ARRAY["u8);
        for (int i = 0; i < rows.Count; i++)
        {
            text.Write(i == 0 ? ""u8 : ", "u8);
            WriteLiteral(text, rows[i]);
        }
        Write(text, $"]::{_table}[]) AS ");
        text.Write(_alias);
        text.Write(" "u8);
        text.Write(_returning);
        return text.WrittenSpan.ToArray();
    }

    /// <summary>The parameters that stand in both statements.</summary>
    public IEnumerable<int> SharedParameters() =>
        InsertRows.Parameters(Delete).Intersect(InsertRows.Parameters(Insert(Columns, [])));

    /// <summary>
    /// What means the same in both: no subquery, nobody else's columns, none of the system's, no part of a column, no
    /// default.
    /// </summary>
    private static bool IsPlain(SqlNode node, string alias) =>
        node.Kind switch
        {
            "SubLink" or "CurrentOfExpr" or "SetToDefault" or "MultiAssignRef" or "WithClause" => false,
            "ResTarget" when node.Has("indirection") => false,
            "ColumnRef" => IsOwn(node, alias),
            _ => true,
        } && node.Children().All(child => IsPlain(child, alias));

    private static bool IsOwn(SqlNode column, string alias)
    {
        int parts = column.List("fields").Length;
        IReadOnlyList<string> names = column.Names("fields");
        return parts <= 2
            && (parts < 2 || names[0] == alias)
            && !(names.Count == parts && s_systemColumns.Contains(names[^1]));
    }

    /// <summary>The lexer is at the table's name, and afterwards at SET.</summary>
    private static Range ReadRelation(ref SqlLexer lexer, out Range alias)
    {
        int start = lexer.Start;
        int end;
        do
        {
            alias = new Range(lexer.Start, lexer.End);
            end = lexer.End;
        } while (lexer.Next() && lexer.IsSymbol('.') && lexer.Next());
        if (lexer.IsWord("as"u8) && lexer.Next())
        {
            alias = new Range(lexer.Start, lexer.End);
            end = lexer.End;
            lexer.Next();
        }
        else if (!lexer.IsWord("set"u8) && lexer.Kind is LexemeKind.Word or LexemeKind.QuotedName)
        {
            alias = new Range(lexer.Start, lexer.End);
            end = lexer.End;
            lexer.Next();
        }
        return new Range(start, end);
    }

    /// <summary>The lexer is at SET, and afterwards at what follows: the expressions, without their columns.</summary>
    private static void ReadItems(ref SqlLexer lexer, List<Range> items)
    {
        do
        {
            bool isThere;
            do
            {
                isThere = lexer.Next();
            } while (isThere && !lexer.Text.SequenceEqual("="u8));
            if (!isThere || !lexer.Next())
            {
                return;
            }
            int start = lexer.Start;
            int end = lexer.End;
            int depth = 0;
            while (depth > 0 || !(lexer.IsSymbol(',') || IsClause(lexer)))
            {
                depth += Depth(lexer);
                end = lexer.End;
                if (!lexer.Next())
                {
                    break;
                }
            }
            items.Add(new Range(start, end));
        } while (lexer.IsSymbol(','));
    }

    /// <summary>The lexer is at the clause's word, and afterwards behind the clause.</summary>
    private static Range ReadClause(ref SqlLexer lexer)
    {
        int start = lexer.Start;
        int end = lexer.End;
        int depth = 0;
        while (lexer.Next() && (depth > 0 || !IsClause(lexer)))
        {
            depth += Depth(lexer);
            end = lexer.End;
        }
        return new Range(start, end);
    }

    private static bool IsClause(SqlLexer lexer) =>
        lexer.IsSymbol(';') || lexer.IsWord("where"u8) || lexer.IsWord("returning"u8);

    private static int Depth(SqlLexer lexer) =>
        lexer.IsSymbol('(') || lexer.IsSymbol('[') ? 1
        : lexer.IsSymbol(')') || lexer.IsSymbol(']') ? -1
        : 0;

    private static void WriteLiteral(ArrayBufferWriter<byte> text, ReadOnlySpan<byte> value)
    {
        // The form that reads the same under any setting.
        text.Write("E'"u8);
        foreach (byte part in value)
        {
            if (part is (byte)'\'' or (byte)'\\')
            {
                text.Write([part]);
            }
            text.Write([part]);
        }
        text.Write("'"u8);
    }

    private static void Write(ArrayBufferWriter<byte> text, string words) => text.Write(Encoding.UTF8.GetBytes(words));

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
