// drover shard advise: by which key a database would best be sharded, from its own statements. Changes nothing.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Drover.Advice.Sharding;
using Drover.Operations;
using Drover.Sql.Parsing;
using Drover.Topology;

namespace Drover.App.Commands.Sharding;

/// <summary>Exit codes: 0 studied; 1 not reached, or no parser; 2 usage; 130 Ctrl-C.</summary>
internal static class ShardAdviseCommand
{
    private const int StatementsShown = 5;

    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The database: a postgres:// URI or key=value words; PG* variables stand in for what it lacks.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> s_shards = new("--shards")
    {
        Description = "How many shards.",
        DefaultValueFactory = static _ => 8,
    };

    private static readonly Option<string?> s_key = new("--key")
    {
        Description = "Tells all of this key; without it, of the best one.",
        HelpName = "COLUMN",
    };

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("advise", "Routes a database's measured statements by every key that it could have.")
        {
            s_target,
            s_shards,
            s_key,
            s_json,
        };
        s_shards.Validators.Add(static result =>
        {
            if (result.Tokens.Count > 0 && !(int.TryParse(result.Tokens[0].Value, out int n) && n is > 1 and <= 1024))
            {
                result.AddError("--shards takes a number from 2 to 1024");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (PgQueryLibrary.Instance is not { } library)
        {
            await parsed.InvocationConfiguration.Error.WriteLineAsync($"drover: {PgQueryLibrary.Remedy}");
            return (int)OperationOutcome.Failed;
        }
        return await DatabaseInvocation.RunAsync(
            parsed,
            parsed.GetValue(s_target),
            async (session, token) =>
            {
                (ShardingFacts facts, IReadOnlyList<KeyStudy> keys) = await ShardingStudy.RunAsync(
                    session.Connection,
                    library,
                    parsed.GetValue(s_shards),
                    token
                );
                return await TellAsync(parsed, facts, keys);
            },
            cancellation
        );
    }

    private static async Task<int> TellAsync(ParseResult parsed, ShardingFacts facts, IReadOnlyList<KeyStudy> keys)
    {
        string? wanted = parsed.GetValue(s_key);
        KeyStudy? shown =
            wanted is null && keys.Count > 0 ? keys[0] : keys.FirstOrDefault(one => one.Candidate.Name == wanted);
        if (shown is null && wanted is not null)
        {
            string names = string.Join(", ", keys.Select(static key => key.Candidate.Name).DefaultIfEmpty("none"));
            await parsed.InvocationConfiguration.Error.WriteLineAsync(
                $"drover: '{wanted}' is no key that several tables have: there are {names}"
            );
            return (int)OperationOutcome.Usage;
        }
        if (parsed.GetValue(s_json))
        {
            await ShardingInvocation.WriteJsonAsync(parsed, json => WriteJson(json, keys));
            return 0;
        }
        TextWriter output = parsed.InvocationConfiguration.Output;
        if (shown is null)
        {
            await output.WriteLineAsync(
                "No column is in several tables, by a foreign key or by its name: there is nothing to shard by."
            );
            return 0;
        }
        if (facts.Statements.Count == 0)
        {
            await output.WriteLineAsync(
                "pg_stat_statements has no statements: without it, only tables and constraints are looked at."
            );
        }
        else if (!facts.SeesAll)
        {
            await output.WriteLineAsync(
                "Only statements of this role's own are seen: GRANT pg_read_all_stats TO it, and look again."
            );
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["key", "tables", "bytes", "1 shard", "(time)", "several", "coord.", "refused"],
            keys.Select(key => Row(key, facts))
        );
        await output.WriteLineAsync(
            "1 shard: share of calls; (time), several, coord., refused: shares of time."
                + Environment.NewLine
                + "What is missing to 100 % is of tables that stay on the first shard."
        );
        await WriteAsync(output, shown, facts);
        return 0;
    }

    private static string[] Row(KeyStudy key, ShardingFacts facts)
    {
        double all = Math.Max(1, facts.Tables.Sum(static table => (double)table.Bytes));
        return
        [
            Plain(key.Candidate.Name),
            $"{key.Candidate.Sharded.Count}",
            Percent(key.Candidate.ShardedBytes / all),
            Share(key, key.CallsOf(ShardingTier.One)),
            Share(key, key.TimeOf(ShardingTier.One)),
            Share(key, key.TimeOf(ShardingTier.Several)),
            Share(key, key.TimeOf(ShardingTier.Coordinator)),
            Share(key, key.TimeOf(ShardingTier.Refused)),
        ];
    }

    private static async Task WriteAsync(TextWriter output, KeyStudy key, ShardingFacts facts)
    {
        await output.WriteLineAsync($"By {key.Candidate.Name}:");
        if (key.Spread is { } spread)
        {
            string largest =
                spread.LargestShare > 0 ? $", the largest has {Percent(spread.LargestShare)} of the rows" : "";
            await output.WriteLineAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  about {spread.Values:N0} values in {spread.Table.Name}{largest}"
                )
            );
        }
        foreach (string obstacle in key.Obstacles)
        {
            await output.WriteLineAsync(Plain($"  first: {obstacle}"));
        }
        foreach (
            RoutedLoad one in key
                .Statements.Where(static one => one.Tier is not (ShardingTier.One or ShardingTier.Home))
                .OrderByDescending(static one => one.Load.Milliseconds)
                .Take(StatementsShown)
        )
        {
            string reason = one.Reason.Length > 0 ? $": {one.Reason}" : "";
            await output.WriteLineAsync($"  {Word(one.Tier)}{reason}");
            await output.WriteLineAsync(Plain($"      {Shorten(one.Load.Text)}"));
        }
        await output.WriteLineAsync("  then:");
        foreach (string command in Commands(key))
        {
            await output.WriteLineAsync($"    {command}");
        }
    }

    private static IEnumerable<string> Commands(KeyStudy key) =>
        key
            .Candidate.References.Select(static table => $"drover table reference {Word(table.Name)}")
            .Concat(
                key.Candidate.Sharded.Select(static one =>
                    $"drover table shard {Word(one.Table.Name)} --key {Word(one.Column.Name)}"
                )
            );

    private static string Word(TableName name) => Word($"{Sql(name.Schema)}.{Sql(name.Name)}");

    /// <summary>A name as SQL has it.</summary>
    private static string Sql(string name) =>
        name.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? name
            : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A word as a shell has it: whoever makes a table writes nobody's command line.</summary>
    private static string Word(string text) =>
        text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')
            ? text
            : $"'{Plain(text).Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Without what would move a terminal's cursor or turn its text round.</summary>
    private static string Plain(string text) =>
        string.Concat(
            text.Select(static c =>
                char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '\uFFFD' : c
            )
        );

    private static void WriteJson(Utf8JsonWriter json, IReadOnlyList<KeyStudy> keys)
    {
        json.WriteStartArray("keys");
        foreach (KeyStudy key in keys)
        {
            json.WriteStartObject();
            json.WriteString("key", key.Candidate.Name);
            json.WriteString("type", key.Candidate.Type.ToString());
            json.WriteNumber("sharded_bytes", key.Candidate.ShardedBytes);
            WriteList(
                json,
                "sharded",
                key.Candidate.Sharded.Select(static one => $"{one.Table.Name}.{one.Column.Name}")
            );
            WriteList(json, "reference", key.Candidate.References.Select(static table => $"{table.Name}"));
            WriteList(json, "left", key.Candidate.Left.Select(static table => $"{table.Name}"));
            WriteList(json, "obstacles", key.Obstacles);
            WriteList(json, "commands", Commands(key));
            json.WriteStartObject("tiers");
            foreach (ShardingTier tier in Enum.GetValues<ShardingTier>())
            {
                json.WriteStartObject(Word(tier));
                json.WriteNumber("calls", Math.Round(key.CallsOf(tier), 6));
                json.WriteNumber("time", Math.Round(key.TimeOf(tier), 6));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            if (key.Spread is { } spread)
            {
                json.WriteNumber("values", spread.Values);
                json.WriteNumber("largest_share", spread.LargestShare);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }
        json.WriteEndArray();
    }

    private static string Word(ShardingTier tier) =>
        tier switch
        {
            ShardingTier.One => "one shard",
            ShardingTier.Home => "first shard",
            ShardingTier.Several => "several shards",
            ShardingTier.Coordinator => "coordinator",
            _ => "refused",
        };

    private static string Share(KeyStudy key, double share) => key.Statements.Count == 0 ? "-" : Percent(share);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %");

    private static string Shorten(string text)
    {
        const int Longest = 110;
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= Longest ? line : $"{line[..Longest]}…";
    }
}
