// A wake-up at a time, which can be called off.
namespace Drover.Transport;

/// <summary>Belongs to the loop that made it, and to its thread.</summary>
internal sealed class Alarm(Wakeup wakeup)
{
    private Wakeup? _wakeup = wakeup;

    /// <summary>It will not ring.</summary>
    public void Cancel() => _wakeup = null;

    public void Ring() => _wakeup?.Signal();
}
