// A statement made ready to be planned: names in full, nothing in it that planning could run.
using System.Globalization;
using System.Text;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;

namespace Drover.Advice.Indexes;

/// <summary>A statement that can be planned, and what it asks of the tables.</summary>
/// <param name="Load">As it was measured.</param>
/// <param name="Sql">With schemas before tables, and the rows that it gave in place of a LIMIT's parameter.</param>
/// <param name="Parameters">How many it has.</param>
/// <param name="Demands">What it asks of each table.</param>
/// <param name="Written">Columns that it sets.</param>
/// <param name="Tree">Its node, such as <c>SelectStmt</c>.</param>
internal sealed record StudiedStatement(
    WorkloadStatement Load,
    string Sql,
    int Parameters,
    IReadOnlyList<TableDemand> Demands,
    IReadOnlyList<(WorkloadTable Table, string Column)> Written,
    SqlNode Tree
)
{
    /// <summary>Reads one; null if it is not one statement, or names what planning might run.</summary>
    /// <param name="load">The statement.</param>
    /// <param name="tree">Its tree.</param>
    /// <param name="find">Finds tables.</param>
    /// <param name="refused">Functions of pg_catalog that are not let through: <see cref="PlannedFunctions"/>.</param>
    /// <remarks>
    /// Planning folds what is immutable, which runs it. So only functions, operators and types of pg_catalog are let
    /// through (the session's search_path is that alone), and no view, whose query could hold others.
    /// </remarks>
    public static StudiedStatement? Of(
        WorkloadStatement load,
        SqlTree tree,
        Func<string, string, WorkloadTable?> find,
        IReadOnlySet<string> refused
    )
    {
        if (tree.Statements is not [var raw] || raw.Child("stmt") is not { } statement)
        {
            return null;
        }
        HashSet<string> common =
        [
            .. Below(statement)
                .Where(static node => node.Kind == "CommonTableExpr")
                .Select(static node => node.Text("ctename")),
        ];
        List<(int At, string Text)> schemas = [];
        foreach (SqlNode node in Below(statement))
        {
            if (!IsHarmless(node, refused))
            {
                return null;
            }
            bool isCommon = node.Text("schemaname").Length == 0 && common.Contains(node.Text("relname"));
            if (node.Kind != "RangeVar" || isCommon)
            {
                continue;
            }
            if (find(node.Text("schemaname"), node.Text("relname")) is not { } table || node.Location < 0)
            {
                return null;
            }
            if (node.Text("schemaname").Length == 0)
            {
                schemas.Add((node.Location, $"{table.QuotedSchema}."));
            }
        }
        DemandReader reader = new(find);
        if (!reader.Read(statement) || reader.Demands.Count + reader.Written.Count == 0)
        {
            return null;
        }
        SqlNode? limit = statement.Child("limitCount");
        (string sql, int parameters) = Rewrite(
            Encoding.UTF8.GetBytes(load.Text),
            schemas,
            limit?.Kind == "ParamRef" ? limit.Location : -1,
            Math.Max(1, Math.Round(load.RowsPerCall)).ToString("0", CultureInfo.InvariantCulture)
        );
        return new StudiedStatement(load, sql, parameters, reader.Demands, reader.Written, statement);
    }

    /// <summary>The first words, for a person.</summary>
    public string Shortened()
    {
        const int Longest = 100;
        string line = OnOneLine(Load.Text);
        return line.Length <= Longest ? line : $"{line[..Longest]}…";
    }

    /// <summary>Anybody's text on one line: what is in it must not give orders to a terminal.</summary>
    internal static string OnOneLine(string text)
    {
        string plain = string.Concat(text.Select(static one => char.IsControl(one) ? ' ' : one));
        return string.Join(' ', plain.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>All nodes, without recursion; <c>WITH</c> and subqueries too.</summary>
    internal static IEnumerable<SqlNode> Below(SqlNode root)
    {
        Stack<SqlNode> left = new([root]);
        while (left.TryPop(out SqlNode? node))
        {
            yield return node;
            foreach (SqlNode child in node.Children())
            {
                left.Push(child);
            }
        }
    }

    private static bool IsHarmless(SqlNode node, IReadOnlySet<string> refused)
    {
        string member = node.Kind switch
        {
            "FuncCall" => "funcname",
            "A_Expr" => "name",
            "TypeName" => "names",
            "SubLink" => "operName",
            "SortBy" => "useOp",
            _ => "",
        };
        if (member.Length == 0)
        {
            return true;
        }
        string[] names = [.. node.Names(member)];
        return (names is not [_, _, ..] || names[0] == "pg_catalog")
            && (node.Kind != "FuncCall" || !refused.Contains(names[^1]));
    }

    private static (string Sql, int Parameters) Rewrite(
        byte[] sql,
        List<(int At, string Text)> schemas,
        int limitAt,
        string rows
    )
    {
        List<(int Start, int End, string Text)> changes = [.. schemas.Select(static one => (one.At, one.At, one.Text))];
        Dictionary<string, int> numbers = [];
        SqlLexer lexer = new(sql);
        while (lexer.Next())
        {
            if (lexer.Kind != LexemeKind.Parameter)
            {
                continue;
            }
            string parameter = Encoding.ASCII.GetString(lexer.Text);
            if (lexer.Start == limitAt && !numbers.ContainsKey(parameter))
            {
                changes.Add((lexer.Start, lexer.End, rows));
                continue;
            }
            numbers.TryAdd(parameter, numbers.Count + 1);
            changes.Add((lexer.Start, lexer.End, $"${numbers[parameter]}"));
        }
        StringBuilder text = new();
        int at = 0;
        foreach ((int start, int end, string put) in changes.OrderBy(static one => one.Start))
        {
            text.Append(Encoding.UTF8.GetString(sql, at, start - at)).Append(put);
            at = end;
        }
        return (text.Append(Encoding.UTF8.GetString(sql, at, sql.Length - at)).ToString(), numbers.Count);
    }
}
