// What a pooled statement may do to the session that runs it.
namespace Drover.Sql;

[Flags]
internal enum StatementTraits
{
    /// <summary>Nothing outlives the transaction.</summary>
    None = 0,

    /// <summary>
    /// May leave something in the session: a setting, a lock, a channel, a table. Look once it is over.
    /// </summary>
    TouchesSession = 1,

    /// <summary>
    /// May put settings back to the server's defaults, where the client expects its own start-up values.
    /// </summary>
    ResetsSettings = 2,

    /// <summary>May forget prepared statements: DEALLOCATE or DISCARD.</summary>
    ForgetsStatements = 4,

    /// <summary>May make or change a function, a trigger, a view: what other statements do may differ now.</summary>
    ChangesCatalog = 8,

    /// <summary>May set a custom parameter whose name neither the text nor a function's body tells.</summary>
    SetsUnknownName = 16,

    /// <summary>
    /// Leaves nothing behind, but sets search_path until the transaction's end: names in what is prepared meanwhile
    /// may mean something else.
    /// </summary>
    SetsLocalPath = 32,
}
