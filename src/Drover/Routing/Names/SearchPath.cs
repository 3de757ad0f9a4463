// Where PostgreSQL looks for a name without schema.
using System.Collections.Immutable;
using System.Text;

namespace Drover.Routing.Names;

/// <summary>
/// A session's search_path, read as the server reads it
/// (https://www.postgresql.org/docs/18/ddl-schemas.html#DDL-SCHEMAS-PATH).
/// </summary>
/// <param name="Schemas">In their order; pg_catalog is not among them.</param>
/// <param name="HasCatalogFirst">Names of pg_catalog come before all others, unless the path says otherwise.</param>
internal sealed record SearchPath(ImmutableArray<string> Schemas, bool HasCatalogFirst)
{
    /// <summary>What it is where nobody has set it.</summary>
    public const string Default = "\"$user\", public";

    /// <summary>Stands for the schema with the user's name.</summary>
    public const string User = "$user";

    /// <summary>Reads a setting's value, such as <c>"$user", public</c>.</summary>
    public static SearchPath Parse(string text)
    {
        ImmutableArray<string>.Builder schemas = ImmutableArray.CreateBuilder<string>();
        bool isCatalogFirst = true;
        int i = 0;
        while (i < text.Length)
        {
            if (text[i] is ' ' or ',' or '\t' or '\n')
            {
                i++;
                continue;
            }
            string name = text[i] == '"' ? Quoted(text, ref i) : Bare(text, ref i);
            if (name == "pg_catalog")
            {
                isCatalogFirst = schemas.Count == 0;
            }
            else
            {
                schemas.Add(name);
            }
        }
        return new SearchPath(schemas.ToImmutable(), isCatalogFirst);
    }

    private static string Quoted(string text, ref int i)
    {
        StringBuilder name = new();
        for (i++; i < text.Length; i++)
        {
            if (text[i] == '"' && (i + 1 >= text.Length || text[++i] != '"'))
            {
                break;
            }
            name.Append(text[i]);
        }
        i = name.Length > 0 && i < text.Length && text[i] == '"' ? i + 1 : i;
        return name.ToString();
    }

    private static string Bare(string text, ref int i)
    {
        int start = i;
        while (i < text.Length && text[i] is not (',' or ' ' or '\t' or '\n'))
        {
            i++;
        }
        return text[start..i].ToLowerInvariant();
    }
}
