// The states of a run, as the journal, the commands and the documents call them.
using System.Text.Json.Serialization;

namespace Drover.Operations.Plans;

/// <summary>Where a run stands. Being throttled is a reason, not a state.</summary>
internal enum RunState
{
    /// <summary>Journaled, nothing done.</summary>
    [JsonStringEnumMemberName("planned")]
    Planned,

    /// <summary>Steps are being done, or were when the runner died.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Stopped between two batches or steps because somebody asked.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>At the gate before the cut-over.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>Behind the cut-over, with the way back open.</summary>
    [JsonStringEnumMemberName("watching")]
    Watching,

    /// <summary>A step failed; <c>resume</c> tries it again, <c>abort</c> undoes.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>All done, closed.</summary>
    [JsonStringEnumMemberName("finished")]
    Finished,

    /// <summary>Undone, closed.</summary>
    [JsonStringEnumMemberName("aborted")]
    Aborted,
}
