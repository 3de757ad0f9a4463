// What is to happen before a client's messages go on, as it was found when they were judged.
using Drover.Protocol.Messages.Backend;
using Drover.Routing;

namespace Drover.Sessions.Sharded.Admitting;

/// <summary>One per session; whoever judges a unit says here what must come first, or why it is refused.</summary>
internal sealed class NextMove(SchemaGuard schema)
{
    /// <summary>What must happen; <see cref="NextStep.None"/> if nothing must.</summary>
    public NextStep Step { get; set; }

    /// <summary>The text that the step is about.</summary>
    public byte[]? Text { get; set; }

    /// <summary>The shard that the step goes to.</summary>
    public int Target { get; set; }

    /// <summary>Why a unit is refused.</summary>
    public RouteRefusal? Refusal { get; private set; }

    /// <summary>
    /// Something has run behind the last Sync, in a transaction that a Sync would commit: the server cannot be left.
    /// </summary>
    public bool RunsUnsynced { get; set; }

    /// <summary>
    /// The last that has run behind the last Sync was COMMIT or ROLLBACK: a Sync ends nothing, and whatever the last
    /// ReadyForQuery said, the server is in no transaction.
    /// </summary>
    public bool HasEnded { get; set; }

    /// <summary>The transaction that no server knows of yet.</summary>
    public Deferred Deferred { get; set; }

    /// <summary>A server that is taken is to be told that a transaction has begun.</summary>
    public bool HasOpening => Deferred is Deferred.Begun or Deferred.Own;

    /// <summary>What the client believes of its transaction while it has no server.</summary>
    public TransactionStatus RestStatus =>
        Deferred switch
        {
            Deferred.Begun => TransactionStatus.InTransaction,
            Deferred.Failed => TransactionStatus.Failed,
            _ => TransactionStatus.Idle,
        };

    /// <summary>A step must run first.</summary>
    public Admission Begin(NextStep step, byte[]? text = null)
    {
        Text = text;
        Step = step;
        return Admission.Step;
    }

    /// <summary>The session has to go to another shard first.</summary>
    public Admission GoTo(int shard)
    {
        Target = shard;
        return Begin(NextStep.Switch);
    }

    /// <summary>The unit is refused. A transaction that only its client knows of has failed by that.</summary>
    public Admission Refuse(RouteRefusal refusal)
    {
        Refusal = refusal;
        schema.Reset();
        Abort();
        return Admission.Refuse;
    }

    /// <summary>What was to run in a transaction that no server knows of yet has failed.</summary>
    public void Abort() =>
        Deferred = Deferred switch
        {
            Deferred.Begun => Deferred.Failed,
            Deferred.Own => Deferred.None,
            _ => Deferred,
        };
}
