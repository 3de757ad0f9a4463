// Makes the plan of a conversion from the command line: the options, the table's catalogs, the planner.
using System.CommandLine;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Catalog;
using Drover.Partitioning.Conversion;
using Drover.Partitioning.Conversion.Attaching;
using Drover.Partitioning.Preflight;
using Npgsql;

namespace Drover.App.Commands.Runs;

/// <summary>Options of <c>plan</c> and <c>start</c>.</summary>
internal sealed class PartitionPlanning(TimeProvider time)
{
    private readonly Option<string> _key = new("--by")
    {
        Description = "The column to partition by.",
        HelpName = "COLUMN",
        Required = true,
    };

    private readonly Option<string> _interval = new("--interval")
    {
        Description = "day, week, month, quarter, year, or a number of ids.",
        DefaultValueFactory = _ => "month",
    };

    private readonly Option<string> _zone = new("--zone")
    {
        Description = "The time zone whose days and months are meant.",
        DefaultValueFactory = _ => "UTC",
    };

    private readonly Option<int> _premake = new("--premake")
    {
        Description = "Partitions made ahead of now.",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<OutsideRows> _outside = new("--outside")
    {
        Description =
            "What becomes of rows that lie in no partition: default (a default partition), "
            + "or refuse (that partition goes at finish).",
        DefaultValueFactory = _ => OutsideRows.Default,
    };

    private readonly Option<ConversionStrategy> _strategy = new("--strategy")
    {
        Description =
            "copy (rows into partitions, online) or attach (the table becomes the first partition; no row moves).",
        DefaultValueFactory = _ => ConversionStrategy.Copy,
    };

    private readonly Option<CopyOrder> _copyBy = new("--copy-by")
    {
        Description = "What a batch of the copy is a range of: blocks, the key, or auto (blocks where there are any).",
        DefaultValueFactory = _ => CopyOrder.Auto,
    };

    private readonly Option<int?> _newest = new("--recent-indexes")
    {
        Description = "Secondary indexes only on so many of the newest partitions.",
        HelpName = "N",
    };

    private readonly Option<bool> _keepOld = new("--keep-old") { Description = "finish leaves the old table." };

    private readonly Option<string[]> _allow = new("--allow")
    {
        Description = "Consent that the preflight asks for; can be given several times.",
        HelpName = "FLAG",
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option[] options = [_key, _interval, _zone, _premake, _strategy, _copyBy, _outside, _newest, _keepOld, _allow];
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The plan. Changes nothing.</summary>
    /// <exception cref="OperationException">There is no such table, or it cannot be partitioned so.</exception>
    public async Task<OperationPlan> PlanAsync(
        RunInvocation invocation,
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        string given = invocation.Table!;
        string name =
            await RelationNames.ResolveAsync(connection, given, cancellation)
            ?? throw new OperationException(
                $"{invocation.Server.Description}: there is no table {given}. Give its schema if it is not on the "
                    + "search_path, and quote it as SQL does.",
                OperationOutcome.Usage
            );
        uint oid = await TableCatalog.FindAsync(connection, name, cancellation) ?? throw Gone(name);
        TableDescription table = await TableCatalog.ReadAsync(connection, oid, cancellation) ?? throw Gone(name);
        ConversionRequest request = Read(invocation.Parsed);
        PreflightReport report = await PartitioningPreflight.CheckAsync(
            connection,
            table,
            request.Preflight(table, time),
            cancellation
        );
        OperationPlan plan = await PlanAsync(connection, table, request, report, cancellation);
        return plan with { Findings = report.Findings, Allowed = invocation.Parsed.GetValue(_allow) ?? [] };
    }

    // What the preflight refuses has no steps; its findings say more than the planner's first objection.
    private async Task<OperationPlan> PlanAsync(
        NpgsqlConnection connection,
        TableDescription table,
        ConversionRequest request,
        PreflightReport report,
        CancellationToken cancellation
    )
    {
        if (report.Findings.Any(finding => finding.Severity == FindingSeverity.Refuse))
        {
            return new OperationPlan
            {
                Kind = ConversionOperation.Kind,
                Target = table.Name.ToString(),
                Strategy =
                    request.Strategy == ConversionStrategy.Attach
                        ? AttachOperation.Strategy
                        : ConversionOperation.CopyStrategy,
                Settings = "{}",
                Steps = [],
                CatalogFingerprint = CatalogFingerprint.Of(table),
            };
        }
        return await new ConversionPlanner(time).PlanAsync(connection, table, request, cancellation);
    }

    private ConversionRequest Read(ParseResult parsed)
    {
        if (
            !PartitionInterval.TryParse(
                parsed.GetValue(_interval)!,
                out PartitionInterval interval,
                out string? problem
            )
        )
        {
            throw new OperationException($"--interval: {problem}", OperationOutcome.Usage);
        }
        return new ConversionRequest
        {
            Key = parsed.GetRequiredValue(_key),
            Interval = interval,
            Zone = parsed.GetValue(_zone)!,
            Premake = parsed.GetValue(_premake),
            Outside = parsed.GetValue(_outside),
            IndexesOnNewest = parsed.GetValue(_newest),
            KeepsOld = parsed.GetValue(_keepOld),
            Strategy = parsed.GetValue(_strategy),
            CopyBy = parsed.GetValue(_copyBy),
        };
    }

    private static OperationException Gone(string name) => new($"{name} was dropped at this moment");
}
