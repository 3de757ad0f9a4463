// What the verbs of views have to say, for a person and as JSON.
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Drover.App.Commands.Sharding;
using Drover.Views;

namespace Drover.App.Commands.Views;

/// <summary>Writes it.</summary>
internal static class ViewTexts
{
    /// <summary>One view.</summary>
    public static Task WriteAsync(ParseResult parsed, ManagedView view, string text) =>
        ViewCommand.WantsJson(parsed)
            ? ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WritePropertyName("view");
                    WriteView(json, view, null);
                }
            )
            : parsed.InvocationConfiguration.Output.WriteLineAsync(text);

    /// <summary>All views.</summary>
    public static async Task WriteListAsync(ParseResult parsed, IReadOnlyList<ManagedView> views, DateTimeOffset now)
    {
        if (ViewCommand.WantsJson(parsed))
        {
            await ShardingInvocation.WriteJsonAsync(
                parsed,
                json =>
                {
                    json.WriteStartArray("views");
                    foreach (ManagedView view in views)
                    {
                        WriteView(json, view, now);
                    }
                    json.WriteEndArray();
                }
            );
            return;
        }
        if (views.Count == 0)
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(
                "no view is kept in this database: drover view create NAME --sql FILE --unique COLUMNS --refresh 5m"
            );
            return;
        }
        ShardingInvocation.WriteTable(
            parsed,
            ["view", "refreshed every", "age", "took", "next", "state"],
            views.Select(view =>
                (string[])
                    [
                        view.Name.ToString(),
                        view.IsEnabled ? RefreshSchedule.Text(view.Interval) : "by hand",
                        view.State.RefreshedAt is { } at ? Span(now - at) : "-",
                        Span(view.State.Duration),
                        view.IsEnabled ? Next(view, now) : "-",
                        State(view),
                    ]
            )
        );
        // A table's cell is no place for a sentence.
        foreach (ManagedView view in views.Where(static view => view.State.Problem is not null))
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync($"{view.Name} failed: {view.State.Problem}");
        }
        foreach (ManagedView view in views.Where(RefreshSchedule.IsSlowed))
        {
            await parsed.InvocationConfiguration.Output.WriteLineAsync(
                $"{view.Name} is slowed: a refresh takes over half its interval"
            );
        }
    }

    /// <summary>When it is refreshed.</summary>
    public static string When(ManagedView view) =>
        view.IsEnabled
            ? $"It is refreshed every {RefreshSchedule.Text(view.Interval)} by drover serve, "
                + "with its database among maintenance_databases"
            : "It is refreshed by hand only: drover view refresh";

    /// <summary>A span of time with two digits that matter.</summary>
    public static string Span(TimeSpan span) =>
        span.TotalSeconds < 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0} ms")
        : span.TotalMinutes < 2 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s")
        : span.TotalHours < 2 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0} min")
        : span.TotalDays < 2 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} h")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0} d");

    private static string Next(ManagedView view, DateTimeOffset now) =>
        RefreshSchedule.NextAt(view) is var next && next > now ? $"in {Span(next - now)}" : "due";

    private static string State(ManagedView view) =>
        view.State.Problem is not null ? $"failed {view.State.Failures}x"
        : RefreshSchedule.IsSlowed(view) ? "slowed"
        : "fresh";

    private static void WriteView(Utf8JsonWriter json, ManagedView view, DateTimeOffset? now)
    {
        json.WriteStartObject();
        json.WriteString("name", view.Name.ToString());
        json.WriteStartArray("unique");
        foreach (string column in view.Unique)
        {
            json.WriteStringValue(column);
        }
        json.WriteEndArray();
        json.WriteNumber("interval_seconds", view.Interval.TotalSeconds);
        json.WriteBoolean("enabled", view.IsEnabled);
        if (view.State.RefreshedAt is { } at)
        {
            json.WriteString("refreshed_at", at.UtcDateTime);
        }
        if (now is { } moment && view.State.RefreshedAt is { } then)
        {
            json.WriteNumber("age_seconds", Math.Max(0, (moment - then).TotalSeconds));
        }
        json.WriteNumber("duration_seconds", view.State.Duration.TotalSeconds);
        json.WriteBoolean("slowed", RefreshSchedule.IsSlowed(view));
        json.WriteNumber("failures", view.State.Failures);
        json.WriteString("problem", view.State.Problem);
        json.WriteEndObject();
    }
}
