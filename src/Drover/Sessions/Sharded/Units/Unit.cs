// What a client asks for between two points where PostgreSQL would answer, and what of it decides where it runs.
using Drover.Pooling.Statements;
using Drover.Protocol.Framing;
using Drover.Routing;
using Drover.Routing.Schemas;
using Drover.Routing.Transactions;
using Drover.Sessions.Sharded.Explaining;
using Drover.Sessions.Sharded.Merging;

namespace Drover.Sessions.Sharded.Units;

/// <summary>A unit as it was read: one simple query, or extended messages up to their Sync or Flush.</summary>
internal struct Unit
{
    private Range _begin;
    private PreparedStatement? _preparedBegin;
    private int _settings;
    private bool _isUnnamed;

    /// <summary>Bytes of its whole messages.</summary>
    public int Length { get; set; }

    /// <summary>Its end is there; of an unfinished one only what has come so far is known.</summary>
    public bool IsWhole { get; set; }

    /// <summary>It is a simple query.</summary>
    public bool IsQuery { get; set; }

    /// <summary>Its last message is a Sync.</summary>
    public bool EndsWithSync { get; set; }

    /// <summary>Its last message is a simple query, or a function call.</summary>
    public bool EndsWithQuery { get; set; }

    /// <summary>It is one statement of a simple query that had several; nobody awaits its ReadyForQuery.</summary>
    public bool IsInScript { get; set; }

    /// <summary>It takes rows of a portal or cursor that was made before, where that is.</summary>
    public bool IsPlaced { get; set; }

    /// <summary>It is nothing but a Sync.</summary>
    public readonly bool IsSync => EndsWithSync && Length == MessageHeader.Size;

    /// <summary>It has more than Sync, Flush and Close, which even a transaction that has failed answers.</summary>
    public bool Asks { get; private set; }

    /// <summary>The last that it runs is COMMIT or ROLLBACK, and it ran that.</summary>
    public bool EndsTransaction { get; private set; }

    /// <summary>It has a Bind.</summary>
    public bool HasBind { get; set; }

    /// <summary>It runs something, and does not only prepare.</summary>
    public bool Runs { get; set; }

    /// <summary>It has several statements that run.</summary>
    public bool IsSeveral { get; set; }

    /// <summary>Where it has to go.</summary>
    public Route Route { get; set; }

    /// <summary>The plan of the last statement that it runs.</summary>
    public StatementPlan? Plan { get; set; }

    /// <summary>Everything that it runs leaves data alone: settings, transaction control.</summary>
    public bool IsPrelude { get; set; }

    /// <summary>Something that it runs may write.</summary>
    public bool Writes { get; set; }

    /// <summary>It may change what the coordinator has from the shards.</summary>
    public bool ChangesSchema { get; set; }

    /// <summary>
    /// Where the text of its last statement stands in it; empty if it is in a statement prepared before.
    /// </summary>
    public Range Text { get; set; }

    /// <summary>Its last statement, if that was prepared before, by a name, and has no parameters.</summary>
    public PreparedStatement? Prepared { get; set; }

    /// <summary>The text of its last statement can be said again.</summary>
    public readonly bool HasText => Prepared is not null || !Text.Equals(default);

    /// <summary>That text.</summary>
    public readonly ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> data) => TextOf(Prepared, Text, data);

    /// <summary>What it does to the transaction, if that is all it does.</summary>
    public readonly TransactionControl Control => IsSeveral ? TransactionControl.None : Plan?.Control ?? default;

    /// <summary>The table that it declares, if that is what its statement does.</summary>
    public DeclarationCall? Declared { get; set; }

    /// <summary>What it explains, if that is what its statement does.</summary>
    public ExplainText? Explained { get; set; }

    /// <summary>The EXPLAIN that it is; the route, the plan and the read are those of what is explained.</summary>
    public ExplainCall? Explain { get; set; }

    /// <summary>The change of a sharding key that it is, if its rows go to another shard for it.</summary>
    public KeyMove? Move { get; set; }

    /// <summary>The read that it is, if several shards' rows can be put together.</summary>
    public ScatterCall? Scatter { get; set; }

    /// <summary>Several shards have to run it, each with the rows that it has.</summary>
    public readonly bool Spreads =>
        Scatter is not null
        || (Declared is not null && !IsSeveral)
        || (
            !IsSeveral
            && Plan is { Spread: not Spread.None }
            && (
                Route.Kind is RouteKind.Many or RouteKind.All
                    ? Writes || Plan.Copy is not null || Explain is not null
                    // What a hint says of a COPY has to be true of each row.
                    : Route.Kind == RouteKind.One && Plan.Copy is { Key: not null }
            )
        );

    /// <summary>It prepares a transaction for two-phase commit, or ends one that was.</summary>
    public bool HasTwoPhase { get; set; }

    /// <summary>It ends or divides a transaction.</summary>
    public bool HasControl { get; set; }

    /// <summary>It ends, divides or chains a transaction beside doing something else, or chains one.</summary>
    public bool MixesControl { get; set; }

    /// <summary>What it runs may leave something in its session that no other shard has.</summary>
    public bool TouchesSession { get; set; }

    /// <summary>In a transaction it runs code that may set something in the session: a function, DO.</summary>
    public bool CallsSetter { get; set; }

    /// <summary>One of its statements sets search_path.</summary>
    public bool SetsPath { get; set; }

    /// <summary>One of its statements begins a transaction, and can be said again.</summary>
    public bool Begins { get; private set; }

    /// <summary>
    /// Beside something else it sets what holds for the transaction: no other shard can be told that alone.
    /// </summary>
    public readonly bool MixesSettings => IsSeveral && _settings > 0;

    /// <summary>Notes a message of it, and what was bound before.</summary>
    /// <param name="type">The message's.</param>
    /// <param name="body">Its body; that of Bind and Execute begins with the portal.</param>
    public void Note(byte type, ReadOnlySpan<byte> body)
    {
        Asks |= type is not (FrontendType.Sync or FrontendType.Flush or FrontendType.Close);
        bool isUnnamed = body is [0, ..];
        if (type == FrontendType.Bind)
        {
            _isUnnamed = isUnnamed;
            EndsTransaction = false;
        }
        else if (type == FrontendType.Execute)
        {
            EndsTransaction =
                _isUnnamed
                && isUnnamed
                && Plan is { Control: TransactionControl.Commit or TransactionControl.Rollback, Statements: [var only] }
                && !TransactionControls.IsChain(only);
        }
    }

    /// <summary>Notes what its last statement does to the transaction.</summary>
    public void NotePrelude(TransactionControl control)
    {
        if (control == TransactionControl.Begin && HasText && !Begins)
        {
            Begins = true;
            _begin = Text;
            _preparedBegin = Prepared;
        }
        else
        {
            _settings++;
        }
    }

    /// <summary>The text that begins the transaction.</summary>
    public readonly ReadOnlySpan<byte> TextOfBegin(ReadOnlySpan<byte> data) => TextOf(_preparedBegin, _begin, data);

    /// <summary>A text that the router does not know yet: it has to learn it first.</summary>
    public byte[]? Unknown { get; set; }

    private static ReadOnlySpan<byte> TextOf(PreparedStatement? prepared, Range text, ReadOnlySpan<byte> data) =>
        prepared is null ? data[text] : prepared.Body[..prepared.Body.IndexOf((byte)0)];
}
