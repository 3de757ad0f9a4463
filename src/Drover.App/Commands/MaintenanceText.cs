// Plans, outcomes, partitions and policies as text for a person and as JSON.
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Operations.Plans;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Maintenance;

namespace Drover.App.Commands;

/// <summary>Writes what the maintenance's verbs have to say.</summary>
internal static class MaintenanceText
{
    /// <summary>Plans, and outcomes where there are any.</summary>
    public static Task WriteAsync(ParseResult parsed, IReadOnlyList<MaintenanceReport> reports)
    {
        if (PartitionMaintenanceCommands.WantsJson(parsed))
        {
            return WriteJsonAsync(parsed, "tables", reports, WriteReport);
        }
        StringBuilder text = new();
        foreach (MaintenanceReport report in reports)
        {
            text.Append(CultureInfo.InvariantCulture, $"{report.Plan.Tree.Table}\n");
            foreach (Finding finding in report.Plan.Findings)
            {
                string word = finding.Severity == FindingSeverity.Refuse ? "refused" : "note";
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"  {word}: {finding.Subject}: {finding.Consequence}. {finding.Remedy}\n"
                );
            }
            foreach ((MaintenanceAction action, int index) in report.Plan.Actions.Select((action, i) => (action, i)))
            {
                WriteAction(text, action, index < report.Outcomes.Count ? report.Outcomes[index] : null);
            }
            if (report.Plan.Actions.Count == 0 && report.Plan.Findings.Count == 0)
            {
                text.Append("  nothing to do\n");
            }
        }
        return parsed.InvocationConfiguration.Output.WriteAsync(text.ToString());
    }

    /// <summary>A table's partitions.</summary>
    public static Task WriteListAsync(ParseResult parsed, PartitionTree tree)
    {
        Partition[] partitions = [.. tree.Ranges, .. tree.Partitions.Where(partition => partition.IsDefault)];
        if (PartitionMaintenanceCommands.WantsJson(parsed))
        {
            return WriteJsonAsync(parsed, "partitions", partitions, (json, one) => WritePartition(json, tree, one));
        }
        StringBuilder text = new();
        foreach (Partition partition in partitions)
        {
            string rows = partition.EstimatedRows < 0 ? "?" : $"{partition.EstimatedRows:0}";
            string pending = partition.IsDetachPending ? "  detach pending" : "";
            text.Append(
                CultureInfo.InvariantCulture,
                $"{partition.Name, -40} {Bounds(tree, partition)}  ~{rows} rows  {partition.Bytes >> 10} kB{pending}\n"
            );
        }
        return parsed.InvocationConfiguration.Output.WriteAsync(text.ToString());
    }

    /// <summary>Policies, and what a person should know about them.</summary>
    public static async Task WritePoliciesAsync(
        ParseResult parsed,
        IReadOnlyList<PartitionPolicy> policies,
        IReadOnlyList<string> notes
    )
    {
        if (PartitionMaintenanceCommands.WantsJson(parsed))
        {
            await WriteJsonAsync(parsed, "policies", policies, WritePolicy);
            return;
        }
        TextWriter output = parsed.InvocationConfiguration.Output;
        foreach (PartitionPolicy policy in policies)
        {
            string kept = policy.Retention is { } retention
                ? $"kept {retention}, then {policy.RetentionAction.ToString().ToLowerInvariant()}"
                : "kept for good";
            string folder = policy.ArchiveFolder is null ? "" : $" in {policy.ArchiveFolder}";
            string state = policy.IsEnabled ? "" : ", not enabled";
            await output.WriteLineAsync(
                $"{policy.Table}: by {policy.Interval} of {policy.KeyColumn} in {policy.Zone}, {policy.Premake} ahead, "
                    + $"{kept}{folder}{state}"
            );
        }
        foreach (string note in notes)
        {
            await output.WriteLineAsync($"note: {note}");
        }
    }

    private static void WriteAction(StringBuilder text, MaintenanceAction action, MaintenanceOutcome? outcome)
    {
        string mark =
            outcome is null ? "plan"
            : outcome.Problem is null ? "done"
            : "FAILED";
        text.Append(CultureInfo.InvariantCulture, $"  {mark}: {action.Title}\n");
        if (outcome is { Problem: { } problem })
        {
            text.Append(CultureInfo.InvariantCulture, $"        {problem}\n");
        }
        if (outcome is { Detail.Length: > 0 })
        {
            text.Append(CultureInfo.InvariantCulture, $"        {outcome.Detail}\n");
        }
        if (outcome is null)
        {
            foreach (string sql in action.Sql)
            {
                text.Append(CultureInfo.InvariantCulture, $"        {sql}\n");
            }
            foreach (LockClaim claim in action.Locks)
            {
                text.Append(CultureInfo.InvariantCulture, $"        locks {claim.Relation}: {LockName(claim.Mode)}\n");
            }
        }
    }

    private static void WriteReport(Utf8JsonWriter json, MaintenanceReport report)
    {
        json.WriteStartObject();
        json.WriteString("table", report.Plan.Tree.Table.ToString());
        json.WriteStartArray("findings");
        foreach (Finding finding in report.Plan.Findings)
        {
            json.WriteStartObject();
            json.WriteString("code", finding.Code);
            json.WriteString("severity", finding.Severity.ToString().ToLowerInvariant());
            json.WriteString("subject", finding.Subject);
            json.WriteString("consequence", finding.Consequence);
            json.WriteString("remedy", finding.Remedy);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("actions");
        foreach ((MaintenanceAction action, int index) in report.Plan.Actions.Select((action, i) => (action, i)))
        {
            WriteAction(json, action, index < report.Outcomes.Count ? report.Outcomes[index] : null);
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAction(Utf8JsonWriter json, MaintenanceAction action, MaintenanceOutcome? outcome)
    {
        json.WriteStartObject();
        json.WriteString("action", action.KindName);
        json.WriteString("subject", action.Subject.ToString());
        json.WriteString("title", action.Title);
        json.WriteStartArray("sql");
        foreach (string sql in action.Sql)
        {
            json.WriteStringValue(sql);
        }
        json.WriteEndArray();
        json.WriteStartArray("locks");
        foreach (LockClaim claim in action.Locks)
        {
            json.WriteStartObject();
            json.WriteString("mode", LockName(claim.Mode));
            json.WriteString("relation", claim.Relation);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        string state =
            outcome is null ? "planned"
            : outcome.Problem is null ? "done"
            : "failed";
        json.WriteString("outcome", state);
        json.WriteString("detail", outcome?.Problem ?? outcome?.Detail ?? "");
        json.WriteEndObject();
    }

    private static void WritePartition(Utf8JsonWriter json, PartitionTree tree, Partition partition)
    {
        json.WriteStartObject();
        json.WriteString("name", partition.Name.ToString());
        json.WriteString("bounds", Bounds(tree, partition));
        json.WriteNumber("estimated_rows", partition.EstimatedRows);
        json.WriteNumber("bytes", partition.Bytes);
        json.WriteBoolean("detach_pending", partition.IsDetachPending);
        json.WriteEndObject();
    }

    private static void WritePolicy(Utf8JsonWriter json, PartitionPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("table", policy.Table.ToString());
        json.WriteString("key", policy.KeyColumn);
        json.WriteString("interval", policy.Interval.ToString());
        json.WriteString("zone", policy.Zone);
        json.WriteNumber("premake", policy.Premake);
        json.WriteString("retention", policy.Retention?.ToString());
        json.WriteString("retention_action", policy.RetentionAction.ToString().ToLowerInvariant());
        json.WriteString("archive_folder", policy.ArchiveFolder);
        json.WriteBoolean("watch_default", policy.WatchesDefault);
        json.WriteBoolean("enabled", policy.IsEnabled);
        json.WriteString("adopted_from", policy.AdoptedFrom);
        json.WriteEndObject();
    }

    private static async Task WriteJsonAsync<T>(
        ParseResult parsed,
        string name,
        IEnumerable<T> items,
        Action<Utf8JsonWriter, T> write
    )
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray(name);
            foreach (T item in items)
            {
                write(json, item);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        await parsed.InvocationConfiguration.Output.WriteLineAsync(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    // The bounds are printed in UTC, as the catalog was read.
    private static string Bounds(PartitionTree tree, Partition partition)
    {
        if (partition.Range is not { } range)
        {
            return "DEFAULT";
        }
        PartitionInterval any = new(tree.Kind.IsNumber() ? IntervalUnit.Step : IntervalUnit.Day);
        return PartitionScheme.Of(tree.Kind, any).ForValues(range);
    }

    // ShareUpdateExclusive → SHARE UPDATE EXCLUSIVE, as the manual writes it.
    private static string LockName(TableLockMode mode) =>
        string.Concat(mode.ToString().Select((letter, i) => i > 0 && char.IsUpper(letter) ? $" {letter}" : $"{letter}"))
            .ToUpperInvariant();
}
