// COPY's options, from its tree.
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using Drover.Sql.Parsing;

namespace Drover.Routing.Copying;

/// <summary>
/// Of options that PostgreSQL refuses nothing is said here: every shard refuses them before the first row. One that is
/// not known could change what a row is, and is refused.
/// </summary>
internal static class CopyOptions
{
    /// <summary>Options that each shard may follow for its own rows.</summary>
    private static readonly FrozenSet<string> Harmless = FrozenSet.ToFrozenSet([
        "freeze",
        "force_quote",
        "log_verbosity",
    ]);

    /// <summary>Reads them.</summary>
    /// <param name="copy">The CopyStmt.</param>
    /// <param name="unknown">An option that is not followed, in words.</param>
    public static CopyForm? Read(SqlNode copy, out string unknown)
    {
        ImmutableArray<SqlNode> options = copy.List("options");
        unknown = "";
        CopyForm form = new() { Format = FormatOf(options) };
        if (form.Format == CopyFormat.Csv)
        {
            form = form with { Delimiter = (byte)',', Null = [] };
        }
        foreach (SqlNode option in options)
        {
            if (With(form, option) is not { } next)
            {
                unknown = $"COPY with {option.Text("defname")} {option.Child("arg")?.Text("sval")}".TrimEnd();
                return null;
            }
            form = next;
        }
        if (form.Format == CopyFormat.Csv && form.Quote is (byte)'\\' or (byte)'.')
        {
            // Is \. the end then, or a quote?
            unknown = $"COPY with {(char)form.Quote} as the quote";
            return null;
        }
        bool hasEscape = options.Any(static option => option.Text("defname") == "escape");
        return hasEscape ? form : form with { Escape = form.Quote };
    }

    /// <summary>A form with one more option; null if that is not followed.</summary>
    private static CopyForm? With(CopyForm form, SqlNode option)
    {
        string name = option.Text("defname");
        SqlNode? value = option.Child("arg");
        string word = value?.Text("sval") ?? "";
        byte[] text = Encoding.UTF8.GetBytes(word);
        return name switch
        {
            "format" => form,
            "delimiter" => form with { Delimiter = First(text, form.Delimiter) },
            "null" => form with { Null = text },
            "default" => form with { Default = text },
            "header" => IsHeader(value) is { } isHeader ? form with { HasHeader = isHeader } : null,
            "quote" => form with { Quote = First(text, form.Quote) },
            "escape" => form with { Escape = First(text, form.Escape) },
            "force_not_null" => form with { ForceNotNull = Columns(value) },
            "force_null" => form with { ForceNull = Columns(value) },
            "encoding" => IsUtf8(word) ? form : null,
            "on_error" => word is "stop" or "ignore" ? form : null,
            _ => Harmless.Contains(name) ? form : null,
        };
    }

    private static CopyFormat FormatOf(ImmutableArray<SqlNode> options) =>
        options.LastOrDefault(static option => option.Text("defname") == "format")?.Child("arg")?.Text("sval") switch
        {
            "csv" => CopyFormat.Csv,
            "binary" => CopyFormat.Binary,
            _ => CopyFormat.Text,
        };

    private static byte First(byte[] text, byte absent) => text.Length > 0 ? text[0] : absent;

    /// <summary>Null if it is neither; a number of lines is what newer servers take.</summary>
    private static bool? IsHeader(SqlNode? value) =>
        value is null ? true
        : value.Kind == "Boolean" ? value.Flag("boolval")
        : value.Kind == "Integer" && value.Number("ival") is 0 or 1 ? value.Number("ival") == 1
        : value.Text("sval").ToLowerInvariant() switch
        {
            "true" or "on" or "match" => true,
            "false" or "off" => false,
            _ => null,
        };

    /// <summary>Null for all of them.</summary>
    private static ImmutableArray<string>? Columns(SqlNode? value) =>
        value is { Kind: "List" } list ? list.Names("items") : null;

    private static bool IsUtf8(string name) =>
        string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant() is "utf8" or "unicode";
}
