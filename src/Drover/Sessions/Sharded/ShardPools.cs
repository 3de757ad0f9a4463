// The pools that a client of a sharded database gets its servers from.
using System.Collections.Immutable;
using Drover.Configuration;
using Drover.Pooling;
using Drover.Protocol;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;
using Drover.Topology;

namespace Drover.Sessions.Sharded;

/// <summary>By the shards' numbers in the map, and the coordinator's.</summary>
internal sealed class ShardPools(ClientSession session, ShardedDatabaseState database, PoolDirectory directory)
{
    /// <summary>Stands for the coordinator where others stand for shards.</summary>
    public const int CoordinatorNumber = 0;

    private readonly string _coordinator = session.Identity.Database.Sharded!.Coordinator;
    private ImmutableArray<Shard> _missing = [];
    private TopologySnapshot? _seenMap;
    private DroverOptions? _seenOptions;
    private ServerPool?[] _known = [];
    private TopologySnapshot? _knownMap;
    private int _knownGeneration;

    /// <summary>The configuration has a coordinator.</summary>
    public bool HasCoordinator => _coordinator.Length > 0;

    /// <summary>The client is one of admin_users.</summary>
    public bool IsAdmin => directory.Options.Proxy.Admin.AdminUsers.Contains(session.Identity.User.Name);

    /// <summary>The number of a shard that a route for one names.</summary>
    public int NumberOf(Route route) =>
        route is { Kind: RouteKind.Any, Shard: 0 }
            ? database.Map!.Shards[(int)(session.Identity.Id % database.Map.Shards.Length)].Number
            : route.Shard;

    /// <summary>The number of the server that answers by itself what has a route.</summary>
    public int TargetOf(Route route) =>
        route.Kind is RouteKind.Many or RouteKind.All or RouteKind.Refused ? CoordinatorNumber : NumberOf(route);

    /// <summary>
    /// Whether PostgreSQL itself can answer it in the coordinator: it only reads, is alone, and nothing is wrong with
    /// it but what the shards cannot do.
    /// </summary>
    public bool MayCoordinate(in Unit unit) =>
        HasCoordinator
        && unit is { Writes: false, IsSeveral: false, Plan.MayCoordinate: true }
        && unit.Route.Refusal is null or { SqlState: SqlState.FeatureNotSupported };

    /// <summary>Whether it does, as nobody else can.</summary>
    public bool Coordinates(in Unit unit) =>
        unit is { Scatter: null, Route.Kind: RouteKind.Many or RouteKind.All or RouteKind.Refused }
        && MayCoordinate(unit);

    /// <summary>
    /// Why a route has no servers: the map has a shard that this proxy's configuration has not. Null if it has all.
    /// </summary>
    public RouteRefusal? WhyNoServer(Route route)
    {
        TopologySnapshot map = database.Map!;
        DroverOptions options = directory.Options;
        if (!ReferenceEquals(map, _seenMap) || !ReferenceEquals(options, _seenOptions))
        {
            _missing = [.. map.Shards.Where(shard => directory.ShardPool(shard.Name, session.Identity.User) is null)];
            _seenMap = map;
            _seenOptions = options;
        }
        if (_missing.Length == 0)
        {
            return null;
        }
        int number = TargetOf(route);
        Shard? missing =
            number == CoordinatorNumber ? _missing[0] : _missing.FirstOrDefault(one => one.Number == number);
        return missing is null ? null : ShardRefusals.NotConfigured(missing.Name, session.Identity.Database.Name);
    }

    /// <summary>The session takes its next server from this shard.</summary>
    public void Enter(int shard)
    {
        // A generation that ends meanwhile is another one at the next look.
        int generation = directory.Generation;
        TopologySnapshot map = database.Map!;
        if (generation != _knownGeneration || !ReferenceEquals(map, _knownMap))
        {
            _known = new ServerPool?[map.Shards.Max(static one => one.Number) + 1];
            _knownMap = map;
            _knownGeneration = generation;
        }
        session.EnterPool(shard < _known.Length ? _known[shard] ??= PoolOf(shard) : PoolOf(shard));
    }

    private ServerPool PoolOf(int shard)
    {
        string name = shard == CoordinatorNumber ? _coordinator : NameOf(shard);
        return directory.ShardPool(name, session.Identity.User)
            ?? throw new InvalidOperationException($"shard {name} has no database entry");
    }

    private string NameOf(int shard)
    {
        foreach (Shard other in database.Map!.Shards)
        {
            if (other.Number == shard)
            {
                return other.Name;
            }
        }
        throw new InvalidOperationException($"the map has no shard {shard}");
    }
}
