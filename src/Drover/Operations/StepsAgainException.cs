// How a step says that what earlier steps have made is not right any more.
namespace Drover.Operations;

/// <summary>
/// The run goes back to an earlier step and does it and all behind it again; nothing has failed. Steps with an undo of
/// their own stand as they are: what they made is still there. A gate that was passed on the way is passed again.
/// </summary>
/// <param name="step">The step to go back to.</param>
/// <param name="reason">For a person; no row's values.</param>
internal sealed class StepsAgainException(string step, string reason) : Exception(reason)
{
    /// <summary>The step to go back to.</summary>
    public string Step { get; } = step;
}
