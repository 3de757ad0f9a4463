// drover cost: what a month costs, per server, TB, query and tenant, and what a planned change does to it.
using System.CommandLine;
using Drover.Advice.Costs;
using Drover.Configuration;
using Drover.Configuration.Prices;
using Drover.Operations;

namespace Drover.App.Commands.Costs;

/// <summary>
/// Reads prices, and the servers' counters or history; writes nothing. Exit codes: 0 told; 1 not reached; 2 usage, or
/// a plan that cannot be; 130 Ctrl-C.
/// </summary>
internal static class CostCommand
{
    private static readonly Argument<string?> s_target = new("CONNECTION")
    {
        Description = "The server: a postgres:// URI or key=value words. Without it, those of --config are measured.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string?> s_config = new("--config")
    {
        Description = "A drover.toml with [prices] and [prices.servers.NAME].",
        HelpName = "FILE",
    };

    private static readonly Option<string?> s_server = new("--server")
    {
        Description = "Only this server of [prices.servers].",
    };

    private static readonly Option<string?> s_instance = Text("--instance", "The machine's price a month.");

    private static readonly Option<string?> s_storage = Text("--storage-gb-month", "A GB of storage a month.");

    private static readonly Option<string?> s_size = Text("--size", "The data's size in place of a measured one: 2TB.");

    private static readonly Option<string?> s_queries = Text(
        "--queries-per-second",
        "Statements a second in place of measured ones."
    );

    private static readonly Option<int> s_days = new("--days")
    {
        Description = "Days of history that rates are the mean of.",
        DefaultValueFactory = _ => 7,
    };

    private static readonly Option<string[]> s_plan = new("--plan")
    {
        Description =
            "A change, may be given again: shards=8, storage=+10TB, allocate=4TB, instance=4500, queries=45000, "
            + "free=120GB, drop-indexes; after a colon the server.",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> s_tenant = Text(
        "--tenant-key",
        "table.column: a tenant's share of the rows, as ANALYZE has sampled it, is its share of the bill."
    );

    private static readonly Option<bool> s_json = new("--json") { Description = "Writes the result as JSON." };

    private static readonly Option<bool> s_csv = new("--csv") { Description = "Writes a line per server as CSV." };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Command command = new("cost", "What servers cost a month, a TB, a query, a tenant. Changes nothing.")
        {
            s_target,
            s_config,
            s_server,
            s_instance,
            s_storage,
            s_size,
            s_queries,
            s_days,
            s_plan,
            s_tenant,
            s_json,
            s_csv,
        };
        s_days.Validators.Add(result =>
        {
            if (
                result.Tokens.Count > 0
                && (!int.TryParse(result.Tokens[0].Value, out int days) || days is < 1 or > 365)
            )
            {
                result.AddError("--days takes a number from 1 to 365");
            }
        });
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        try
        {
            CostAnswer answer = await AnswerAsync(parsed, cancellation);
            TextWriter output = parsed.InvocationConfiguration.Output;
            string text =
                parsed.GetValue(s_json) ? CostJson.Write(answer)
                : parsed.GetValue(s_csv) ? CostJson.Csv(answer)
                : CostText.Write(answer);
            await output.WriteAsync(text);
            return 0;
        }
        catch (OperationException refused)
        {
            await error.WriteLineAsync($"drover: {refused.Message}");
            return (int)refused.Outcome;
        }
        catch (OperationCanceledException)
        {
            return (int)OperationOutcome.Interrupted;
        }
        catch (OverflowException)
        {
            await error.WriteLineAsync("drover: the numbers are too large to be counted exactly");
            return (int)OperationOutcome.Usage;
        }
    }

    private static async Task<CostAnswer> AnswerAsync(ParseResult parsed, CancellationToken cancellation)
    {
        CostChange[] plan = [.. (parsed.GetValue(s_plan) ?? []).Select(CostChange.Parse)];
        CostSource source = await SourceAsync(parsed, cancellation);
        CostNeeds needs = new(
            parsed.GetValue(s_tenant),
            plan.Any(static change => change.Kind == CostChangeKind.DropIndexes),
            TimeSpan.FromDays(parsed.GetValue(s_days)),
            Size(parsed),
            Given(parsed, s_queries)
        );
        IReadOnlyList<MeasuredServer> servers = await source.MeasureAsync(needs, cancellation);
        IReadOnlyList<PricedServer> priced = [.. servers.Select(static one => one.Server)];
        CostReport now = CostReport.Of(priced);
        CostReport? planned = null;
        if (plan.Length > 0)
        {
            foreach (CostChange change in plan)
            {
                foreach (CostChange step in CostSource.Resolve(change, servers))
                {
                    priced = step.Apply(priced);
                }
            }
            planned = CostReport.Of(priced);
        }
        return new CostAnswer(
            source.Currency,
            now,
            planned,
            [.. plan.Select(static change => change.Text)],
            parsed.GetValue(s_tenant),
            parsed.GetValue(s_tenant) is null ? [] : TenantCost.Of(now, servers)
        );
    }

    private static async Task<CostSource> SourceAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string? target = parsed.GetValue(s_target);
        string? server = parsed.GetValue(s_server);
        bool isGiven = parsed.GetValue(s_instance) is not null || parsed.GetValue(s_storage) is not null;
        if (parsed.GetValue(s_config) is { } file)
        {
            if (isGiven)
            {
                throw Usage("prices are given by --config or by options, not both");
            }
            ConfigurationResult result = await ConfigurationLoader.LoadSettingsAsync(
                file,
                ConfigurationLoader.KindOf(file),
                cancellation
            );
            return result.IsValid ? CostSource.Of(result.Options, server, target) : throw Usage($"{result.Errors[0]}");
        }
        if (!isGiven)
        {
            throw Usage("no prices: give --config drover.toml with [prices.servers.NAME], or --instance");
        }
        ServerPriceOptions price = new()
        {
            Name = server ?? "server",
            InstanceMonth = Given(parsed, s_instance),
            StorageGbMonth = Given(parsed, s_storage),
        };
        return CostSource.Of(price, target);
    }

    private static decimal? Size(ParseResult parsed) =>
        parsed.GetValue(s_size) is { } words
            ? CostChange.GigabytesOf(words) ?? throw Usage($"--size '{words}' is no size: write 500GB or 2TB")
            : null;

    private static decimal? Given(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } words
            ? CostChange.NumberOf(words) ?? throw Usage($"{option.Name} '{words}' is no number from 0 to 10^12")
            : null;

    private static OperationException Usage(string message) => new(message, OperationOutcome.Usage);

    private static Option<string?> Text(string name, string meaning) => new(name) { Description = meaning };
}
