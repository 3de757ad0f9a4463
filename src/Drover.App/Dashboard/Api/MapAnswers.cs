// What the JSON interface says of sharded databases and of long operations.
using Drover.Operations.Running;

namespace Drover.App.Dashboard.Api;

/// <summary>The sharded databases.</summary>
internal sealed record ShardsAnswer(IReadOnlyList<ShardedDatabaseAnswer> Databases);

/// <summary>One sharded database.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Epoch">The map's; null: no map is known yet.</param>
/// <param name="Shards">Its servers.</param>
/// <param name="Groups">Its colocation groups.</param>
/// <param name="Tables">Its declared tables.</param>
/// <param name="Tiers">Statements by how they were run: one, scatter, coordinator, divided.</param>
/// <param name="Statements">Those that took several servers, the most expensive first.</param>
internal sealed record ShardedDatabaseAnswer(
    string Name,
    long? Epoch,
    IReadOnlyList<ShardAnswer> Shards,
    IReadOnlyList<GroupAnswer> Groups,
    IReadOnlyList<DeclaredTableAnswer> Tables,
    IReadOnlyDictionary<string, long> Tiers,
    IReadOnlyList<CrossShardAnswer> Statements
);

/// <summary>One shard, with what its pools do now.</summary>
internal sealed record ShardAnswer(
    int Number,
    string Name,
    string? Host,
    int Port,
    int ServersActive,
    int Servers,
    int ClientsWaiting,
    double QueriesPerSecond
);

/// <summary>A colocation group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="KeyType">What its keys are made of.</param>
/// <param name="Placement">hash, range or list.</param>
/// <param name="Shares">What each shard has.</param>
/// <param name="Runs">Of one that is placed by hash: runs of slots, which are 0 to 4095.</param>
/// <param name="ImbalancePercent">How much more the fullest shard has than an even share; null but for hash.</param>
internal sealed record GroupAnswer(
    string Name,
    string KeyType,
    string Placement,
    IReadOnlyList<ShareAnswer> Shares,
    IReadOnlyList<SlotRunAnswer> Runs,
    double? ImbalancePercent
);

/// <summary>What one shard has of a group.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="Slots">Slots, of a group by hash.</param>
/// <param name="Pins">Keys that are named.</param>
/// <param name="Description">In words.</param>
internal sealed record ShareAnswer(int Shard, int Slots, int Pins, string Description);

/// <summary>Slots that lie together.</summary>
internal sealed record SlotRunAnswer(int First, int Last, int Shard);

/// <summary>A declared table.</summary>
internal sealed record DeclaredTableAnswer(string Table, string Kind, string? Key, string? Group);

/// <summary>A statement that took several servers.</summary>
internal sealed record CrossShardAnswer(
    string Statement,
    string Tier,
    int Shards,
    long Calls,
    double TotalMs,
    double MeanMs
);

/// <summary>The journals that are followed.</summary>
/// <param name="Journals">One per database.</param>
internal sealed record OperationsAnswer(IReadOnlyList<JournalAnswer> Journals);

/// <summary>The journal of one database.</summary>
/// <param name="Database">Host, port, database and user.</param>
/// <param name="Problem">Why it cannot be read; null: it was.</param>
/// <param name="ReadAt">When it was read.</param>
/// <param name="Runs">The newest run of each target, the newest first.</param>
internal sealed record JournalAnswer(
    string Database,
    string? Problem,
    DateTimeOffset ReadAt,
    IReadOnlyList<RunReport> Runs
);
