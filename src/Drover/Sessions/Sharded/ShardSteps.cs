// The states of a client's way to the shards.
namespace Drover.Sessions.Sharded;

/// <summary>What must happen before a unit can go on.</summary>
internal enum NextStep
{
    None,
    AwaitMap,
    Learn,
    Resync,
    Switch,
    Repeat,
    CatchUp,
    Announce,
    FailOthers,
    Spread,
    Commit,
}

/// <summary>A transaction that no server knows of yet.</summary>
internal enum Deferred
{
    None,

    /// <summary>The client has begun a transaction, and no server knows of it yet.</summary>
    Begun,

    /// <summary>It was refused something in it.</summary>
    Failed,
}
