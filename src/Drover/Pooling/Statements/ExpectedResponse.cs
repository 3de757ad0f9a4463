// What the server still owes for messages that were sent to it.
namespace Drover.Pooling.Statements;

/// <summary>The frontend message that an answer belongs to.</summary>
internal enum ExpectedKind : byte
{
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    Sync,
    Query,
    FunctionCall,

    /// <summary>CopyDone or CopyFail: no answer of its own, but it decides whether an earlier Sync counted.</summary>
    CopyEnd,
}

/// <summary>What is done with the answer.</summary>
internal enum ExpectedAction : byte
{
    /// <summary>The client asked, the client gets it.</summary>
    Forward,

    /// <summary>The proxy asked: nobody gets it.</summary>
    Swallow,

    /// <summary>The client gets all of it but ReadyForQuery: it is a part of what it asked.</summary>
    Part,

    /// <summary>The server was not asked: the proxy answers when its turn comes.</summary>
    Synthesize,

    /// <summary>The proxy sent something harmless in a DEALLOCATE's place: the client gets DEALLOCATE's tag.</summary>
    Retag,

    /// <summary>Sent so that it fails: the client gets 42P05 for its own name.</summary>
    Duplicate,

    /// <summary>Sent so that it fails: the client gets 0A000, since the statement that it knows is retired.</summary>
    Retired,

    /// <summary>
    /// Sent so that it fails: the client gets the subject, for its statement cannot run on any shard.
    /// </summary>
    Refused,
}

/// <summary>One owed answer.</summary>
/// <param name="Kind">Of which message.</param>
/// <param name="Action">What to do with it.</param>
/// <param name="Subject">
/// For Parse, Bind, Describe and Close: the statement concerned, as <see cref="PreparedStatement"/> or as the client's
/// own entry.
/// </param>
internal record struct ExpectedResponse(ExpectedKind Kind, ExpectedAction Action, object? Subject);
