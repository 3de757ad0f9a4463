// One row of pg_partman's part_config, of version 4 or 5: what both have, read by name.
using System.Text.Json;
using Drover.Operations;
using Drover.Partitioning.Bounds;

namespace Drover.Partitioning.Maintenance.Adoption;

/// <summary>What pg_partman does for a table.</summary>
internal sealed record PartmanRow
{
    /// <summary>The schema of pg_partman, unquoted.</summary>
    public required string Schema { get; init; }

    /// <summary>The key's column.</summary>
    public required string Control { get; init; }

    /// <summary>What one partition holds.</summary>
    public required PartitionInterval Interval { get; init; }

    /// <summary>Partitions made ahead.</summary>
    public required int Premake { get; init; }

    /// <summary>How long partitions are kept; null: for good.</summary>
    public Retention? Retention { get; init; }

    /// <summary>Whether partitions past it stay as tables.</summary>
    public bool KeepsTables { get; init; }

    /// <summary><c>on</c>, <c>off</c> or <c>none</c>.</summary>
    public required string AutomaticMaintenance { get; init; }

    /// <summary>What the policy cannot say; for a person.</summary>
    public IReadOnlyList<string> Losses { get; init; } = [];

    /// <summary>Reads a row that <c>to_jsonb</c> made.</summary>
    /// <exception cref="OperationException">It does something that Drover cannot go on with.</exception>
    public static PartmanRow Read(string schema, string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement row = document.RootElement;

        // Version 4 says native or partman (by triggers), version 5 range or list.
        string type = Text(row, "partition_type") ?? "";
        if (type is not ("native" or "range"))
        {
            throw Refuse($"its partition_type is {type}: only partitions by range of PostgreSQL itself are kept");
        }
        if (Text(row, "epoch") is { } epoch and not "none")
        {
            throw Refuse($"its key is a number that stands for a time (epoch {epoch})");
        }
        string span = Text(row, "partition_interval") ?? "";
        if (!TryInterval(span, out PartitionInterval interval))
        {
            throw Refuse($"its partition_interval is {span}: Drover keeps day, week, month, quarter, year, or ids");
        }
        Retention? kept = null;
        if (Text(row, "retention") is { } retention)
        {
            kept = Maintenance.Retention.TryParse(retention, out Retention read, out string? problem)
                ? read
                : throw Refuse(problem);
        }
        List<string> losses = [];
        if (Text(row, "retention_schema") is { } target)
        {
            losses.Add($"retention_schema {target}: partitions past their retention stay in their schema");
        }
        if (Text(row, "template_table") is { } template)
        {
            losses.Add($"template_table {template}: what it has is taken from the newest partition instead");
        }
        return new PartmanRow
        {
            Schema = schema,
            Control = Text(row, "control") ?? "",
            Interval = interval,
            Premake = row.TryGetProperty("premake", out JsonElement premake) ? premake.GetInt32() : 4,
            Retention = kept,
            KeepsTables = !row.TryGetProperty("retention_keep_table", out JsonElement keep) || keep.GetBoolean(),
            AutomaticMaintenance = Text(row, "automatic_maintenance") ?? "on",
            Losses = losses,
        };
    }

    // Version 4 accepts words; both store what interval prints: 1 mon, 7 days, 3 mons, 1 year; or P1M under ISO style.
    private static bool TryInterval(string span, out PartitionInterval interval)
    {
        string known = span switch
        {
            "P1D" => "day",
            "P7D" => "week",
            "P1M" => "month",
            "P3M" => "quarter",
            "P1Y" => "year",
            _ => span,
        };
        return PartitionInterval.TryParse(known, out interval, out _);
    }

    private static string? Text(JsonElement row, string name) =>
        row.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static OperationException Refuse(string why) =>
        new($"pg_partman's configuration cannot be adopted: {why}", OperationOutcome.Refused);
}
