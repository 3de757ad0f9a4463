// An inspection as JSON; the names are those of docs/metrics.md.
using System.Text;
using System.Text.Json;
using Drover.Advice;
using Drover.Advice.Metrics;

namespace Drover.App.Commands;

/// <summary>Writes one object: server, metrics, statements, recommendations.</summary>
internal static class InspectionJson
{
    private static readonly JsonWriterOptions s_options = new() { Indented = true };

    /// <summary>The text, with a line's end.</summary>
    public static async Task<string> WriteAsync(Inspection inspection)
    {
        using MemoryStream bytes = new();
        await using (Utf8JsonWriter json = new(bytes, s_options))
        {
            ServerSamples samples = inspection.Samples;
            json.WriteStartObject();
            json.WriteString("version", samples.Version);
            json.WriteString("database", samples.Database);
            json.WriteNumber("seconds", Math.Round(samples.Elapsed.TotalSeconds, 3));
            json.WriteStartArray("metrics");
            foreach (MetricReading metric in inspection.Metrics)
            {
                Write(json, metric);
            }
            json.WriteEndArray();
            json.WriteStartArray("statements");
            foreach (StatementShare share in samples.Statements.Top)
            {
                Write(json, share);
            }
            json.WriteEndArray();
            json.WriteNumber("silenced", inspection.Silenced);
            json.WriteStartArray("recommendations");
            foreach (Recommendation advice in inspection.Recommendations)
            {
                Write(json, advice);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length) + "\n";
    }

    private static void Write(Utf8JsonWriter json, MetricReading metric)
    {
        json.WriteStartObject();
        json.WriteString("metric", metric.Metric);
        if (metric.Value is { } value)
        {
            json.WriteNumber("value", Math.Round(value, 6));
        }
        else
        {
            json.WriteNull("value");
        }
        json.WriteString("unit", metric.Unit);
        json.WriteString("source", metric.Source);
        json.WriteString("note", metric.Note);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, StatementShare share)
    {
        json.WriteStartObject();
        json.WriteString("statement", share.Text);
        json.WriteNumber("calls", share.Calls);
        json.WriteNumber("total_ms", Math.Round(share.TotalMs, 3));
        json.WriteNumber("mean_ms", Math.Round(share.MeanMs, 3));
        json.WriteNumber("rows", share.Rows);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Recommendation advice)
    {
        json.WriteStartObject();
        json.WriteString("id", advice.Id);
        json.WriteBoolean("silenced", advice.IsSilenced);
        json.WriteString("code", advice.Code);
        json.WriteString("subject", advice.Subject);
        json.WriteString("gain", advice.Gain.ToString().ToLowerInvariant());
        json.WriteString("evidence", advice.Evidence);
        json.WriteString("expected", advice.Expected);
        json.WriteString("price", advice.Price);
        json.WriteString("risk", advice.Risk);
        json.WriteString("do", advice.Do);
        json.WriteString("undo", advice.Undo);
        json.WriteEndObject();
    }
}
