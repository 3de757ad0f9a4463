// The states of a client's way to the shards.
namespace Drover.Sessions.Sharded;

/// <summary>What must happen before a unit can go on.</summary>
internal enum NextStep
{
    None,
    AwaitMap,
    AwaitResume,
    Learn,
    Resync,
    Switch,
    Repeat,
    CatchUp,
    Announce,

    /// <summary>Names may mean something else since a change of the schema that this proxy does not know yet.</summary>
    AwaitNames,
    FailOthers,
    Spread,
    Commit,

    /// <summary>A simple query of several statements becomes a query for each, and a Sync.</summary>
    Divide,

    /// <summary>A batch over several shards is over: its transaction is committed.</summary>
    CommitBatch,

    /// <summary>A statement of a batch over several shards has failed.</summary>
    FailBatch,

    /// <summary>A statement of a batch over several shards is refused.</summary>
    RefuseBatch,
}

/// <summary>A transaction that no server knows of yet.</summary>
internal enum Deferred
{
    None,

    /// <summary>The client has begun a transaction, and no server knows of it yet.</summary>
    Begun,

    /// <summary>It was refused something in it.</summary>
    Failed,

    /// <summary>
    /// The proxy has begun one, for a batch or a statement that is one transaction by itself: its client knows of none.
    /// </summary>
    Own,
}

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

    /// <summary>Nothing before the answers to what was sent, which the server is asked for.</summary>
    Settle,

    /// <summary>The same, and the server's implicit transaction is made one that a Sync does not end.</summary>
    SettleBegun,
}
