// What has to happen around a change of the schema, so that nobody is answered by the schema that was.
namespace Drover.Routing.Schemas;

/// <summary>
/// The coordinator is a copy of the first shard's schema, and routing goes by a copy of its catalogs. Between
/// <see cref="AnnounceAsync"/> and the end of a catch-up the coordinator answers nobody, at any proxy.
/// </summary>
internal interface ISchemaChanges
{
    /// <summary>
    /// A statement is about to run that changes the schema: from here on the coordinator is behind, durably. Null when
    /// that is said; else why the statement may not run. Never throws.
    /// </summary>
    Task<RouteRefusal?> AnnounceAsync();

    /// <summary>
    /// The change is committed, or was not made: what has caught up since the announcement may have done so too early.
    /// Never throws; completes when this proxy's routing knows the change.
    /// </summary>
    Task SettleAsync();

    /// <summary>A change that went through this proxy is over, and its routing does not know it yet.</summary>
    bool IsSettling { get; }

    /// <summary>Completes when it does. Never throws.</summary>
    Task SettledAsync();

    /// <summary>Null once the coordinator is what the shards are; else what a client is told. Never throws.</summary>
    Task<RouteRefusal?> CatchUpAsync();
}
