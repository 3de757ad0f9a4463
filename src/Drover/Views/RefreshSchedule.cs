// When a view is refreshed next.
namespace Drover.Views;

/// <summary>
/// A refresh begins an interval after the last one began. One that takes longer than its interval leaves the server as
/// much rest as it took: views never fill it by themselves. After a failure the pauses double, up to an hour.
/// </summary>
internal static class RefreshSchedule
{
    /// <summary>The shortest interval.</summary>
    public static readonly TimeSpan IntervalMin = TimeSpan.FromSeconds(10);

    /// <summary>The longest interval.</summary>
    public static readonly TimeSpan IntervalMax = TimeSpan.FromDays(365);

    private static readonly TimeSpan s_retryFirst = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_retryMax = TimeSpan.FromHours(1);

    /// <summary>The moment from which on the view is due.</summary>
    public static DateTimeOffset NextAt(ManagedView view)
    {
        RefreshState state = view.State;
        if (state.FailedAt is { } failed)
        {
            double doubled = s_retryFirst.TotalSeconds * Math.Pow(2, Math.Min(state.Failures, 20) - 1);
            TimeSpan pause = TimeSpan.FromSeconds(Math.Min(doubled, s_retryMax.TotalSeconds));
            return failed + (pause > view.Interval ? pause : Min(view.Interval, s_retryMax));
        }
        if (state.RefreshedAt is not { } began)
        {
            return DateTimeOffset.MinValue;
        }
        return IsSlowed(view) ? began + (2 * state.Duration) : began + view.Interval;
    }

    /// <summary>Whether refreshes take longer than the interval, or leave less rest than they took.</summary>
    public static bool IsSlowed(ManagedView view) => 2 * view.State.Duration > view.Interval;

    /// <summary>Reads an interval such as 90s, 5m, 2h or 1d.</summary>
    /// <param name="text">A whole number and its unit.</param>
    /// <param name="interval">The interval.</param>
    /// <returns>False if it is none, or shorter or longer than can be.</returns>
    public static bool TryParse(string text, out TimeSpan interval)
    {
        interval = default;
        string unit = text.TrimStart("0123456789".ToCharArray());
        double seconds = unit switch
        {
            "s" => 1,
            "m" or "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => 0,
        };
        bool isRead =
            seconds > 0
            && text.Length - unit.Length is > 0 and < 9
            && int.TryParse(text[..^unit.Length], out int count)
            && (seconds *= count) <= IntervalMax.TotalSeconds;
        interval = isRead ? TimeSpan.FromSeconds(seconds) : default;
        return isRead && interval >= IntervalMin;
    }

    /// <summary>An interval as <see cref="TryParse"/> reads it.</summary>
    public static string Text(TimeSpan interval)
    {
        long seconds = (long)interval.TotalSeconds;
        return seconds % 86_400 == 0 ? $"{seconds / 86_400}d"
            : seconds % 3600 == 0 ? $"{seconds / 3600}h"
            : seconds % 60 == 0 ? $"{seconds / 60}m"
            : $"{seconds}s";
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
