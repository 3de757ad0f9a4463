// CALL drover.shard_table(…), reference_table(…) and shard_schema(…) by their tokens: no server has such procedures.
using System.Text;
using Drover.Routing.Keys;
using Drover.Sql.Shapes;
using Drover.Topology;

namespace Drover.Routing.Schemas;

/// <summary>
/// <c>drover.shard_table(table_name, key [, by [, colocation]])</c>, <c>drover.reference_table(table_name)</c> or
/// <c>drover.shard_schema(schema_name [, shard])</c>, with literals and parameters for arguments, in order or by name.
/// </summary>
/// <param name="Procedure">Without its schema.</param>
/// <param name="Arguments">What it is called with; null if that cannot be read.</param>
internal sealed record DeclarationCall(string Procedure, IReadOnlyList<DeclarationArgument>? Arguments)
{
    private const string ShardTable = "shard_table";
    private const string ReferenceTable = "reference_table";
    private const string ShardSchema = "shard_schema";

    private const uint Text = 25;
    private const uint Varchar = 1043;
    private const uint Unknown = 705;

    /// <summary>Reads one; null if the text is anything else.</summary>
    /// <param name="sql">The text.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    public static DeclarationCall? Read(ReadOnlySpan<byte> sql, bool conforming)
    {
        SqlLexer lexer = new(sql, conforming);
        bool isOurs =
            lexer.Next()
            && lexer.IsWord("call"u8)
            && lexer.Next()
            && NameOf(lexer) == "drover"
            && lexer.Next()
            && lexer.IsSymbol('.')
            && lexer.Next();
        string name = isOurs ? NameOf(lexer) : "";
        return name is ShardTable or ReferenceTable or ShardSchema
            ? new DeclarationCall(name, ReadArguments(ref lexer, conforming))
            : null;
    }

    /// <summary>What it declares with the values at hand.</summary>
    /// <param name="values">The Bind; the default where there is none.</param>
    /// <param name="refusal">Why it declares nothing.</param>
    public MapDeclaration? Resolve(in BoundValues values, out RouteRefusal? refusal)
    {
        (string[] names, int needed) = Procedure switch
        {
            ShardTable => ((string[])["table_name", "key", "by", "colocation"], 2),
            ShardSchema => (["schema_name", "shard"], 1),
            _ => (["table_name"], 1),
        };
        string?[] given = new string?[4];
        refusal = Arguments is null ? Refusals.NoSuchProcedure(Procedure) : null;
        for (int i = 0; i < (Arguments?.Count ?? 0) && refusal is null; i++)
        {
            DeclarationArgument argument = Arguments![i];
            int place = argument.Name is null ? i : Array.IndexOf(names, argument.Name);
            string? value = argument.Value ?? Read(values, argument.Parameter);
            if (place < 0 || place >= names.Length || given[place] is not null)
            {
                refusal = Refusals.NoSuchProcedure(Procedure);
            }
            else if (value is null)
            {
                refusal = Refusals.ArgumentIsNoText(Procedure, names[place]);
            }
            else
            {
                given[place] = value;
            }
        }
        bool isWhole = given.Take(needed).All(static one => one is not null);
        refusal ??= isWhole ? null : Refusals.NoSuchProcedure(Procedure);
        return refusal is null ? Made(given, out refusal) : null;
    }

    private MapDeclaration? Made(string?[] given, out RouteRefusal? refusal)
    {
        refusal = null;
        if (Procedure == ShardSchema)
        {
            return new SchemaDeclaration(given[0]!, given[1]);
        }
        PlacementKind by = default;
        // A number would be one of them too.
        bool isKnown = given[2] is null || (given[2]!.All(char.IsLetter) && Enum.TryParse(given[2], true, out by));
        refusal = isKnown ? null : Refusals.NoSuchPlacement(given[2]!);
        return isKnown ? new TableDeclaration(given[0]!, given[1], given[2] is null ? null : by, given[3]) : null;
    }

    private static string? Read(in BoundValues values, int parameter) =>
        values.TryGet(parameter, out BoundValue value) && !value.IsNull && value.Type is 0 or Text or Varchar or Unknown
            ? Encoding.UTF8.GetString(value.Bytes)
            : null;

    /// <summary>The lexer is at the procedure's name. Null if what follows is not read here.</summary>
    private static List<DeclarationArgument>? ReadArguments(ref SqlLexer lexer, bool conforming)
    {
        List<DeclarationArgument> arguments = [];
        bool isOpen = lexer.Next() && lexer.IsSymbol('(') && lexer.Next();
        while (isOpen && !lexer.IsSymbol(')'))
        {
            if (ReadArgument(ref lexer, conforming) is not { } argument)
            {
                return null;
            }
            arguments.Add(argument);
            if (lexer.IsSymbol(','))
            {
                isOpen = lexer.Next() && !lexer.IsSymbol(')');
            }
            else if (!lexer.IsSymbol(')'))
            {
                return null;
            }
        }
        bool isLast = isOpen && (!lexer.Next() || (lexer.IsSymbol(';') && !lexer.Next()));
        return isLast && lexer.Error == LexicalError.None ? arguments : null;
    }

    /// <summary>Afterwards the lexer is behind it.</summary>
    private static DeclarationArgument? ReadArgument(ref SqlLexer lexer, bool conforming)
    {
        string? name = null;
        if (lexer.Kind is LexemeKind.Word or LexemeKind.QuotedName)
        {
            name = NameOf(lexer);
            bool isNamed = lexer.Next() && lexer.Kind is LexemeKind.EqualsGreater or LexemeKind.ColonEquals;
            if (!isNamed || !lexer.Next())
            {
                return null;
            }
        }
        string? value = null;
        int parameter = 0;
        if (lexer.Kind == LexemeKind.Parameter)
        {
            _ = int.TryParse(lexer.Text[1..], out parameter);
        }
        else
        {
            byte[] bytes = new byte[lexer.Length];
            if (!LiteralText.TryReadString(lexer.Text, conforming, bytes, out int length))
            {
                return null;
            }
            value = Encoding.UTF8.GetString(bytes, 0, length);
        }
        bool isCast = lexer.Next() && lexer.Kind == LexemeKind.Typecast;
        if (isCast)
        {
            bool isText = lexer.Next() && NameOf(lexer) is "text" or "varchar" or "regclass" or "name";
            if (!isText)
            {
                return null;
            }
            lexer.Next();
        }
        return new DeclarationArgument(name, value, parameter);
    }

    private static string NameOf(SqlLexer lexer)
    {
        string text = Encoding.UTF8.GetString(lexer.Text);
        return lexer.Kind switch
        {
            LexemeKind.Word => text.ToLowerInvariant(),
            LexemeKind.QuotedName => text[1..^1],
            _ => "",
        };
    }
}

/// <summary>One of its arguments.</summary>
/// <param name="Name">Null: by its place.</param>
/// <param name="Value">Null: it is a parameter.</param>
/// <param name="Parameter">The parameter's number, from 1.</param>
internal sealed record DeclarationArgument(string? Name, string? Value, int Parameter);
