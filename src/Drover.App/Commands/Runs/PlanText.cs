// A plan for a person: findings, the table of steps, and the SQL when asked for; and the same as JSON.
using System.Globalization;
using System.Text.Json;
using Drover.Operations.Plans;
using Spectre.Console;

namespace Drover.App.Commands.Runs;

/// <summary>Prints plans.</summary>
internal static class PlanText
{
    private const int WidthMin = 140;

    /// <summary>Prints the plan to a person.</summary>
    public static void Write(OperationPlan plan, bool showsSql, TextWriter output, bool isTerminal)
    {
        IAnsiConsole console = isTerminal ? AnsiConsole.Console : Plain(output);
        console.MarkupLineInterpolated($"[bold]{plan.Kind} {plan.Target}[/] by {plan.Strategy}");
        foreach (string note in plan.Notes)
        {
            console.MarkupLineInterpolated($"  {note}");
        }
        WriteStrategies(plan, console);
        WriteFindings(plan, console);
        Table table = new() { Border = TableBorder.Simple, UseSafeBorder = true };
        table.AddColumns("", "step", "what", "lock on what", "limit", "undo");
        int number = 0;
        foreach (PlanStep step in plan.Steps)
        {
            AddRow(table, (++number).ToString(CultureInfo.InvariantCulture), step);
        }
        foreach (Detour detour in plan.Detours)
        {
            foreach (PlanStep step in detour.Steps)
            {
                AddRow(table, detour.Verb, step);
            }
        }
        console.Write(table);
        if (showsSql)
        {
            WriteSql(plan, output);
        }
    }

    /// <summary>The plan as indented JSON.</summary>
    public static string Json(OperationPlan plan)
    {
        using JsonDocument document = JsonDocument.Parse(PlanJson.Write(plan));
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true }))
        {
            document.RootElement.WriteTo(json);
        }
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>Findings in the order of their weight.</summary>
    public static void WriteFindings(OperationPlan plan, IAnsiConsole console)
    {
        foreach (Finding finding in plan.Findings.OrderByDescending(finding => finding.Severity))
        {
            string word = finding.Severity switch
            {
                FindingSeverity.Refuse => "refused",
                FindingSeverity.Consent when plan.Allowed.Contains(finding.ConsentFlag) => "allowed",
                FindingSeverity.Consent => $"needs --allow {finding.ConsentFlag}",
                _ => "note",
            };
            console.MarkupLineInterpolated(
                $"  {word}: {finding.Code}: {finding.Subject}: {finding.Consequence.TrimEnd('.')}. {finding.Remedy}"
            );
        }
    }

    /// <summary>A console that writes wide lines without colours, for files and pipes.</summary>
    public static IAnsiConsole Plain(TextWriter output)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
                Out = new AnsiConsoleOutput(output),
            }
        );
        console.Profile.Width = WidthMin;
        return console;
    }

    private static void WriteStrategies(OperationPlan plan, IAnsiConsole console)
    {
        if (plan.Strategies.Count == 0)
        {
            return;
        }
        Table table = new() { Border = TableBorder.Simple, UseSafeBorder = true };
        table.AddColumns("strategy", "time", "rows written", "disk besides", "WAL", "lock", "pruned new", "pruned old");
        foreach (StrategyEstimate one in plan.Strategies)
        {
            table.AddRow(
                Markup.Escape(one.IsChosen ? $"{one.Strategy} (this plan)" : one.Strategy),
                Markup.Escape(StatusText.Duration(one.Seconds)),
                one.Rows.ToString("N0", CultureInfo.InvariantCulture),
                Markup.Escape(Size(one.DiskBytes)),
                Markup.Escape(Size(one.WalBytes)),
                Markup.Escape(one.Lock),
                Share(one.PrunedShare),
                Share(one.PrunedShareOfOld)
            );
        }
        console.Write(table);
        console.MarkupLineInterpolated($"  estimates for an idle server; {plan.Strategies[0].Basis}");
    }

    private static string Share(double share) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100):0} %");

    private static string Size(long bytes) =>
        bytes >= 1L << 30
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.0} MB");

    private static void AddRow(Table table, string number, PlanStep step)
    {
        string title = step.IsPointOfNoReturn ? $"{step.Title} (POINT OF NO RETURN)" : step.Title;
        table.AddRow(
            Markup.Escape(number),
            Markup.Escape(step.Name),
            Markup.Escape(title),
            Markup.Escape(string.Join("; ", step.Locks.Select(claim => $"{Mode(claim.Mode)} on {claim.Relation}"))),
            Markup.Escape(Limit(step)),
            Markup.Escape(Undo(step))
        );
    }

    private static string Limit(PlanStep step) =>
        step.TimeLimit is { } limit ? string.Create(CultureInfo.InvariantCulture, $"{limit.TotalSeconds:0.#} s") : "";

    private static string Undo(PlanStep step) =>
        step.UndoneBy
        ?? (
            step.Undo.Count > 0 ? "abort"
            : step.IsPointOfNoReturn ? "none"
            : ""
        );

    // ShareUpdateExclusive as the manual writes it.
    private static string Mode(TableLockMode mode) =>
        string.Concat(
                mode.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $" {letter}" : $"{letter}")
            )
            .ToUpperInvariant();

    private static void WriteSql(OperationPlan plan, TextWriter output)
    {
        foreach (PlanStep step in plan.AllSteps)
        {
            output.WriteLine($"-- {step.Name}");
            foreach (string sql in step.Sql)
            {
                output.WriteLine($"{sql};");
            }
            foreach (string sql in step.Undo)
            {
                output.WriteLine($"-- undo: {sql.ReplaceLineEndings("\n-- ")};");
            }
        }
    }
}
