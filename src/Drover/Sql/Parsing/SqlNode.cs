// A node of PostgreSQL's parse tree, as libpg_query names it.
using System.Collections.Immutable;

namespace Drover.Sql.Parsing;

/// <summary>
/// Immutable. Nodes and their members have PostgreSQL's own names (src/include/nodes/parsenodes.h), and none is
/// left out: who reads a tree sees what he does not know, and can refuse. Values of literals are the exception:
/// they are read from the statement's text, at <see cref="Location"/>.
/// </summary>
/// <param name="kind">Such as <c>SelectStmt</c>.</param>
/// <param name="members">Those that are not empty.</param>
internal sealed class SqlNode(string kind, ImmutableArray<SqlMember> members)
{
    public string Kind { get; } = kind;

    public ImmutableArray<SqlMember> Members { get; } = members;

    /// <summary>The byte of the parsed text where it begins; -1 if PostgreSQL does not say.</summary>
    public int Location => Find("location")?.Number ?? (Kind == "A_Const" ? 0 : -1);

    /// <summary>The node that a member is.</summary>
    public SqlNode? Child(string name) => Find(name)?.Node;

    /// <summary>The nodes that a member holds; none if it is absent.</summary>
    public ImmutableArray<SqlNode> List(string name) => Find(name)?.Nodes ?? [];

    /// <summary>The text of a member; empty if it is absent.</summary>
    public string Text(string name) => Find(name)?.Text ?? "";

    /// <summary>Whether a member is true.</summary>
    public bool Flag(string name) => Find(name)?.Number == 1;

    public int Number(string name, int absent = 0) => Find(name)?.Number ?? absent;

    /// <summary>The texts of a list of names, such as a qualified name.</summary>
    public ImmutableArray<string> Names(string name) =>
        [.. List(name).Where(static node => node.Kind == "String").Select(static node => node.Text("sval"))];

    public bool Has(string name) => Find(name) is not null;

    /// <summary>All nodes right below.</summary>
    public IEnumerable<SqlNode> Children()
    {
        foreach (SqlMember member in Members)
        {
            if (member.Node is not null)
            {
                yield return member.Node;
            }
            foreach (SqlNode node in member.Nodes.IsDefault ? [] : member.Nodes)
            {
                yield return node;
            }
        }
    }

    private SqlMember? Find(string name)
    {
        foreach (SqlMember member in Members)
        {
            if (member.Name == name)
            {
                return member;
            }
        }
        return null;
    }
}

/// <summary>A member of a node: one of the four.</summary>
internal sealed record SqlMember(string Name)
{
    public SqlNode? Node { get; init; }

    public ImmutableArray<SqlNode> Nodes { get; init; }

    public string? Text { get; init; }

    /// <summary>A number, or 1 for true.</summary>
    public int? Number { get; init; }
}
