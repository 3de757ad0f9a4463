// Names and literals as they belong into SQL: quoted as PostgreSQL's own quote_ident and quote_literal would.
using System.Collections.Frozen;

namespace Drover.Partitioning.Catalog;

/// <summary>Quoting. A name stays bare only if every PostgreSQL from 15 to 18 reads it so.</summary>
internal static class SqlText
{
    // pg_get_keywords() of 15 and 18, all categories but "unreserved".
    private const string Keywords = """
        all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
        cast char character check coalesce collate collation column concurrently constraint create cross
        current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
        decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze
        from full grant greatest group grouping having ilike in initially inner inout int integer intersect interval
        into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
        json_serialize json_table json_value lateral leading least left like limit localtime localtimestamp
        merge_action national natural nchar none normalize not notnull null nullif numeric offset on only or order out
        outer overlaps overlay placing position precision primary real references returning right row select
        session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp
        to trailing treat trim true union unique user using values varchar variadic verbose when where window with
        xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
        xmltable
        """;

    private static readonly FrozenSet<string> Reserved = Keywords
        .Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>A name, quoted where it must be.</summary>
    public static string Name(string name)
    {
        bool isBare =
            name.Length > 0
            && (name[0] == '_' || char.IsAsciiLetterLower(name[0]))
            && name.All(letter => letter == '_' || char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter))
            && !Reserved.Contains(name);
        return isBare ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Names, quoted where they must be, with commas between.</summary>
    public static string Names(IEnumerable<string> names) => string.Join(", ", names.Select(Name));

    /// <summary>A role for GRANT and TO; null is PUBLIC.</summary>
    public static string Role(string? role) => role is null ? "PUBLIC" : Name(role);

    /// <summary>A DO block, quoted by a tag that does not occur in it.</summary>
    public static string Block(string body)
    {
        string tag = "$drover$";
        for (int number = 1; body.Contains(tag, StringComparison.Ordinal); number++)
        {
            tag = $"$drover{number}$";
        }
        return $"DO {tag} {body} {tag}";
    }

    /// <summary>Runs a statement from within a string, so that no driver cuts it at a semicolon.</summary>
    public static string Execute(string statement) => Block($"BEGIN EXECUTE {Literal(statement)}; END");

    /// <summary>A string constant that means the same whatever standard_conforming_strings is.</summary>
    public static string Literal(string text)
    {
        string quoted = text.Replace("'", "''", StringComparison.Ordinal);
        return quoted.Contains('\\', StringComparison.Ordinal)
            ? $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'"
            : $"'{quoted}'";
    }
}
