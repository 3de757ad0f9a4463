// Whether a client's unit of messages may be forwarded.
namespace Drover.Sessions.Sharded;

/// <summary>What is to be done with the unit at hand.</summary>
internal enum Admission
{
    /// <summary>It may go to the server that the session holds, or to the pool that it was sent to.</summary>
    Go,

    /// <summary>Nothing yet: more of it, or answers that are owed, must come first.</summary>
    Wait,

    /// <summary><see cref="ShardSession.StepAsync"/> must run first.</summary>
    Step,

    /// <summary>The client is told <see cref="ShardSession.Refusal"/> in its place.</summary>
    Refuse,

    /// <summary>It was answered here.</summary>
    Answered,
}
