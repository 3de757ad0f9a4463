// What a client calls the statements that the parser has other names for.
using System.Collections.Frozen;
using System.Text;

namespace Drover.Routing;

internal static class ConstructNames
{
    private const string Suffix = "Stmt";

    private static readonly FrozenDictionary<string, string> s_others = new Dictionary<string, string>
    {
        ["CompositeType"] = "CREATE TYPE",
        ["ConstraintsSet"] = "SET CONSTRAINTS",
        ["Create"] = "CREATE TABLE",
        ["Createdb"] = "CREATE DATABASE",
        ["CreatePLang"] = "CREATE LANGUAGE",
        ["CreateSeq"] = "CREATE SEQUENCE",
        ["CreateStats"] = "CREATE STATISTICS",
        ["CreateTrig"] = "CREATE TRIGGER",
        ["AlterDatabaseRefreshColl"] = "ALTER DATABASE REFRESH COLLATION VERSION",
        ["AlterEventTrig"] = "ALTER EVENT TRIGGER",
        ["AlterObjectSchema"] = "ALTER SET SCHEMA",
        ["AlterOwner"] = "ALTER OWNER",
        ["CreateEventTrig"] = "CREATE EVENT TRIGGER",
        ["Define"] = "CREATE",
        ["Dropdb"] = "DROP DATABASE",
        ["GrantRole"] = "GRANT of a role",
        ["Index"] = "CREATE INDEX",
        ["Rename"] = "ALTER RENAME",
        ["Rule"] = "CREATE RULE",
        ["SecLabel"] = "SECURITY LABEL",
        ["View"] = "CREATE VIEW",
    }.ToFrozenDictionary();

    /// <summary>A construct that begins with a node's name, in SQL: CREATE TABLE AS for CreateTableAsStmt.</summary>
    public static string Of(string construct)
    {
        int end = construct.IndexOf(' ', StringComparison.Ordinal);
        string first = end < 0 ? construct : construct[..end];
        if (!first.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return construct;
        }
        string name = first[..^Suffix.Length];
        return (s_others.TryGetValue(name, out string? words) ? words : Words(name)) + construct[first.Length..];
    }

    private static string Words(string name)
    {
        StringBuilder words = new();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
            {
                words.Append(' ');
            }
            words.Append(char.ToUpperInvariant(name[i]));
        }
        return words.ToString();
    }
}
