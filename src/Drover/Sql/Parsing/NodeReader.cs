// Reads libpg_query's JSON into nodes.
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Drover.Sql.Parsing;

/// <summary>
/// A node stands as <c>{"Kind":{members}}</c>, or as its members alone where the member that holds it can be of one
/// kind only; <see cref="KindsByMember"/> names those. Runs on the parser's thread: it recurses as deeply as the
/// tree.
/// </summary>
internal ref struct NodeReader
{
    /// <summary>Levels of JSON; beyond what <see cref="DepthBound"/> lets through.</summary>
    private const int JsonDepthMax = 1 << 20;

    private static readonly FrozenDictionary<string, string> KindsByMember = new (string Kind, string[] Members)[]
    {
        ("Alias", ["alias", "join_using_alias"]),
        ("CTECycleClause", ["cycle_clause"]),
        ("CTESearchClause", ["search_clause"]),
        ("CollateClause", ["collClause"]),
        ("CreateStmt", ["base"]),
        ("FuncCall", ["funccall"]),
        ("GrantStmt", ["action"]),
        ("InferClause", ["infer"]),
        ("IntoClause", ["into", "intoClause"]),
        ("ObjectWithArgs", ["fromsql", "func", "opername", "tosql"]),
        ("OnConflictClause", ["onConflictClause"]),
        ("PartitionBoundSpec", ["bound", "partbound"]),
        ("PartitionSpec", ["partspec"]),
        ("PublicationTable", ["pubtable"]),
        ("RangeVar", ["constrrel", "identitySequence", "pktable", "rel", "relation", "sequence"]),
        ("RangeVar", ["table", "typevar", "view"]),
        ("RawStmt", ["stmts"]),
        ("RoleSpec", ["authrole", "grantor", "newowner", "newrole", "owner", "role", "user"]),
        ("SelectStmt", ["larg", "rarg"]),
        ("String", ["extname"]),
        ("TypeName", ["argType", "datatype", "ofTypename", "returnType", "sourcetype", "storedtype", "targettype"]),
        ("TypeName", ["typeName", "type_name"]),
        ("VariableSetStmt", ["setstmt"]),
        ("WindowDef", ["over"]),
        ("WithClause", ["withClause"]),
    }
        .SelectMany(static row => row.Members, static (row, member) => (member, row.Kind))
        .ToFrozenDictionary(static pair => pair.member, static pair => pair.Kind);

    private Utf8JsonReader _json;

    private NodeReader(ReadOnlySpan<byte> json)
    {
        _json = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonDepthMax });
    }

    /// <summary>Reads the statements of a text.</summary>
    /// <exception cref="JsonException">It is not what libpg_query writes.</exception>
    public static SqlTree Read(ReadOnlySpan<byte> json)
    {
        NodeReader reader = new(json);
        reader._json.Read();
        SqlNode root = reader.ReadMembers("ParseResult");
        return new SqlTree(root.Number("version"), [.. root.List("stmts")]);
    }

    /// <summary>Reads what follows an opening brace, up to its closing one.</summary>
    private SqlNode ReadMembers(string kind)
    {
        ImmutableArray<SqlMember>.Builder members = ImmutableArray.CreateBuilder<SqlMember>();
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string name = NodeNames.Intern(ref _json);
            _json.Read();
            members.Add(ReadMember(name));
        }
        return new SqlNode(kind, members.DrainToImmutable());
    }

    private SqlMember ReadMember(string name) =>
        _json.TokenType switch
        {
            JsonTokenType.StartObject => new SqlMember(name) { Node = ReadNode(name) },
            JsonTokenType.StartArray => new SqlMember(name) { Nodes = ReadNodes(name) },
            JsonTokenType.String => new SqlMember(name) { Text = _json.GetString() },
            JsonTokenType.True => new SqlMember(name) { Number = 1 },
            JsonTokenType.False => new SqlMember(name) { Number = 0 },
            // What does not fit is a mask of no interest here (Unknown to everybody), but must not end the parse.
            JsonTokenType.Number => new SqlMember(name) { Number = _json.TryGetInt32(out int number) ? number : 0 },
            _ => throw new JsonException($"unexpected {_json.TokenType} for {name}"),
        };

    private ImmutableArray<SqlNode> ReadNodes(string name)
    {
        ImmutableArray<SqlNode>.Builder nodes = ImmutableArray.CreateBuilder<SqlNode>();
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            nodes.Add(
                _json.TokenType == JsonTokenType.StartObject
                    ? ReadElement(name)
                    : throw new JsonException($"unexpected {_json.TokenType} in {name}")
            );
        }
        return nodes.DrainToImmutable();
    }

    /// <summary>An element of a list; the one of a plain DISTINCT is a null pointer, written as no members.</summary>
    private SqlNode ReadElement(string member)
    {
        SqlNode node = ReadNode(member);
        return node.Members.IsEmpty && node.Kind == member ? new SqlNode("Null", []) : node;
    }

    /// <summary>A node with its kind around it, or without.</summary>
    private SqlNode ReadNode(string member)
    {
        Utf8JsonReader ahead = _json;
        ahead.Read();
        bool isTagged =
            ahead.TokenType == JsonTokenType.PropertyName && ahead.ValueSpan[0] is >= (byte)'A' and <= (byte)'Z';
        if (!isTagged)
        {
            return ReadMembers(KindsByMember.GetValueOrDefault(member, member));
        }
        _json.Read();
        string kind = NodeNames.Intern(ref _json);
        _json.Read();
        SqlNode node = ReadMembers(kind);
        _json.Read();
        return node;
    }
}

/// <summary>The statements of one text.</summary>
/// <param name="Version">PostgreSQL's version whose grammar it is, such as 150001.</param>
/// <param name="Statements">Each a RawStmt.</param>
internal sealed record SqlTree(int Version, ImmutableArray<SqlNode> Statements);
