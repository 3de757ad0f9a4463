// How long a run stood still for a limit of load, as the journal keeps it.
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Drover.Operations.Journal;

/// <summary>An event whose message is <c>reason seconds s</c>, such as <c>replication-lag 12.500 s</c>.</summary>
internal static class ThrottleEvent
{
    /// <summary>The kind of the event.</summary>
    public const string Kind = "throttle-over";

    /// <summary>The message.</summary>
    public static string Write(string reason, TimeSpan stood) =>
        string.Create(CultureInfo.InvariantCulture, $"{reason} {stood.TotalSeconds:0.000} s");

    /// <summary>Reads a message that <see cref="Write"/> made.</summary>
    public static bool TryRead(string message, [NotNullWhen(true)] out string? reason, out double seconds)
    {
        string[] words = message.Split(' ');
        reason = words[0];
        seconds = 0;
        return words.Length == 3
            && double.TryParse(words[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds);
    }
}
