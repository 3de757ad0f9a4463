// drover cost for a program.
using System.Globalization;
using System.Text;
using System.Text.Json;
using Drover.Advice.Costs;

namespace Drover.App.Commands.Costs;

/// <summary>Numbers are not rounded: up to 28 digits. What is unknown is null, in CSV empty.</summary>
internal static class CostJson
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true };

    /// <summary>One object.</summary>
    public static string Write(CostAnswer answer)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("currency", answer.Currency);
            json.WriteNumber("hours_per_month", CostReport.HoursPerMonth);
            Report(json, "now", answer.Now);
            if (answer.Planned is { } planned)
            {
                json.WriteStartArray("plan");
                foreach (string change in answer.Plan)
                {
                    json.WriteStringValue(change);
                }
                json.WriteEndArray();
                Report(json, "planned", planned);
            }
            if (answer.TenantKey is { } key)
            {
                json.WriteString("tenant_key", key);
                json.WriteStartArray("tenants");
                foreach (TenantCost tenant in answer.Tenants)
                {
                    json.WriteStartObject();
                    json.WriteString("tenant", tenant.Tenant);
                    json.WriteNumber("tenants", tenant.Count);
                    Number(json, "month", tenant.Month);
                    Number(json, "share", tenant.Share);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n";
    }

    /// <summary>A line per server, now, with a heading.</summary>
    public static string Csv(CostAnswer answer)
    {
        StringBuilder text = new();
        text.Append("server,currency,instance,storage,io,backup,month,gigabytes,queries_per_second\n");
        foreach ((PricedServer server, ServerBill bill) in answer.Now.Servers.Zip(answer.Now.Bills))
        {
            text.Append(Quote(bill.Name)).Append(',').Append(Quote(answer.Currency));
            decimal?[] numbers =
            [
                bill.Instance,
                bill.Storage,
                bill.Io,
                bill.Backup,
                bill.Month,
                server.Use.Gigabytes,
                server.Use.QueriesPerSecond,
            ];
            foreach (decimal? number in numbers)
            {
                text.Append(',').Append(number?.ToString(CultureInfo.InvariantCulture));
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    private static void Report(Utf8JsonWriter json, string name, CostReport report)
    {
        json.WriteStartObject(name);
        Number(json, "month", report.Month);
        Number(json, "per_tb", report.PerTerabyte);
        Number(json, "per_query", report.PerQuery);
        Number(json, "gigabytes", report.Gigabytes);
        Number(json, "queries_per_second", report.QueriesPerSecond);
        json.WriteStartArray("servers");
        foreach ((PricedServer server, ServerBill bill) in report.Servers.Zip(report.Bills))
        {
            json.WriteStartObject();
            json.WriteString("name", bill.Name);
            Number(json, "instance", bill.Instance);
            Number(json, "storage", bill.Storage);
            Number(json, "io", bill.Io);
            Number(json, "backup", bill.Backup);
            Number(json, "month", bill.Month);
            Number(json, "gigabytes", server.Use.Gigabytes);
            Number(json, "queries_per_second", server.Use.QueriesPerSecond);
            Number(json, "ios_per_second", server.Use.IosPerSecond);
            json.WriteString("source", server.Use.Source);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, decimal? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string Quote(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
