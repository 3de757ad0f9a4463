// Something that is done every so often, and less often when it takes long.
namespace Drover.History.Sampling;

/// <summary>Says when something dear is due again.</summary>
/// <param name="period">The time between two.</param>
/// <param name="factor">At least so many times what the last one took lies between two.</param>
/// <param name="time">The clock.</param>
internal sealed class Rest(TimeSpan period, int factor, TimeProvider time)
{
    private long? _start;
    private TimeSpan _pause;

    /// <summary>Whether it is due.</summary>
    public bool IsDue => _start is not { } start || time.GetElapsedTime(start) >= _pause;

    /// <summary>It is due at once.</summary>
    public void Reset() => _start = null;

    /// <summary>It is begun.</summary>
    public void Begin()
    {
        _start = time.GetTimestamp();
        _pause = period;
    }

    /// <summary>It is done.</summary>
    public void End()
    {
        TimeSpan took = time.GetElapsedTime(_start ?? time.GetTimestamp());
        _pause = period > took * factor ? period : took * factor;
    }
}
