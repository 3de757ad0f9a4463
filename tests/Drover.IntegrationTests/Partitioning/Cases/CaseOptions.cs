// The options of drover partition start, as a case has them.
using System.Globalization;
using Drover.Partitioning.Bounds;
using Drover.Partitioning.Conversion;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>Reads a case's options.</summary>
internal sealed class CaseOptions
{
    private readonly Dictionary<string, string> _values = [];

    public CaseOptions(IReadOnlyList<string> words)
    {
        for (int at = 0; at < words.Count; at += 2)
        {
            _values[words[at]] = words[at + 1];
        }
        Assert.True(
            PartitionInterval.TryParse(_values["--interval"], out PartitionInterval interval, out string? problem),
            problem
        );
        Request = new ConversionRequest
        {
            Key = _values["--key"].Replace("\"", "", StringComparison.Ordinal),
            Interval = interval,
            Zone = _values.GetValueOrDefault("--time-zone", "UTC"),
            Outside = Enum.Parse<OutsideRows>(_values.GetValueOrDefault("--outside", "default"), ignoreCase: true),
            IndexesOnNewest = _values.TryGetValue("--recent-indexes", out string? count)
                ? int.Parse(count, CultureInfo.InvariantCulture)
                : null,
            Strategy = Enum.Parse<ConversionStrategy>(_values.GetValueOrDefault("--strategy", "copy"), true),
            CopyBy = Enum.Parse<CopyOrder>(_values.GetValueOrDefault("--copy-by", "auto"), ignoreCase: true),
        };
    }

    /// <summary>The table as SQL names it.</summary>
    public string Table => _values.GetValueOrDefault("--table", "public.orders");

    /// <summary>What the planner is asked for.</summary>
    public ConversionRequest Request { get; }
}
