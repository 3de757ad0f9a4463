// Routes the statements of one sharded database: what is known at once, what is new after it is learnt.
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Drover.Routing.Catalogs;
using Drover.Routing.Keys;
using Drover.Routing.Names;
using Drover.Sql.Parsing;
using Drover.Sql.Shapes;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>
/// Shared by all loops. A new map, or new facts of the catalogs, begin a new epoch, in which every statement is learnt
/// anew; a plan that was given out before goes on with the map that it was made for.
/// </summary>
internal sealed class StatementRouter
{
    /// <summary>A client may set search_path to anything; beyond this many they are forgotten and made again.</summary>
    private const int PathsMax = 1_024;

    private readonly StatementCache<StatementPlan> _cache = new();
    private readonly KnownStatements<StatementPlan> _known;
    private readonly LookRequests? _refresh;
    private readonly Lock _publishing = new();
    private volatile Epoch _epoch;

    [ThreadStatic]
    private static ShapeBuffer? t_buffer;

    /// <summary>Makes one without a map: it knows no statement until there is one.</summary>
    /// <param name="parser">Reads what is new.</param>
    /// <param name="refresh">Looks at the catalogs again for a statement that names what they do not have.</param>
    public StatementRouter(ISqlParser parser, LookRequests? refresh = null)
    {
        _refresh = refresh;
        _known = new KnownStatements<StatementPlan>(parser, _cache);
        _epoch = new Epoch(0, null, NoCatalogFacts.Instance);
    }

    /// <summary>The map; null before the first.</summary>
    public TopologySnapshot? Map => _epoch.Map;

    /// <summary>Takes another map.</summary>
    public void Publish(TopologySnapshot map)
    {
        lock (_publishing)
        {
            _epoch = new Epoch(_epoch.Number + 1, map, _epoch.Facts);
            _cache.Clear();
        }
    }

    /// <summary>Takes what is known of the catalogs now.</summary>
    public void Publish(ICatalogFacts facts)
    {
        lock (_publishing)
        {
            _epoch = new Epoch(_epoch.Number + 1, _epoch.Map, facts);
            _cache.Clear();
        }
    }

    /// <summary>
    /// Routes a statement that is known. Allocates nothing, unless the route is to some shards of many.
    /// </summary>
    /// <param name="sql">The text.</param>
    /// <param name="searchPath">The session's setting; best with the user's name in the place of "$user".</param>
    /// <param name="values">The Bind; the default where there is none.</param>
    /// <param name="plan">What is known of the text.</param>
    /// <param name="route">Where it runs.</param>
    /// <param name="conformingStrings">The session's standard_conforming_strings.</param>
    /// <returns>False if it is not known: <see cref="LearnAsync"/> makes it so.</returns>
    public bool TryRoute(
        ReadOnlySpan<byte> sql,
        string searchPath,
        in BoundValues values,
        [NotNullWhen(true)] out StatementPlan? plan,
        out Route route,
        bool conformingStrings = true
    )
    {
        Epoch epoch = _epoch;
        plan = null;
        route = default;
        if (epoch.Map is null)
        {
            return false;
        }
        ShapeBuffer buffer = t_buffer ??= new ShapeBuffer();
        if (
            !_known.TryFind(
                sql,
                epoch.Of(searchPath, conformingStrings).Shape,
                buffer,
                out KnownStatement<StatementPlan> known
            )
        )
        {
            return false;
        }
        plan = known.Value;
        route = plan.Resolve(new StatementLiterals(sql, known.Items, known.Slots, known.Hint), values);
        return true;
    }

    /// <summary>Parses a statement and plans it; it is known from then on, if it is one that can be.</summary>
    /// <param name="sql">The text; kept until the task ends.</param>
    /// <param name="searchPath">As in <see cref="TryRoute"/>.</param>
    /// <param name="conformingStrings">As in <see cref="TryRoute"/>.</param>
    /// <exception cref="InvalidOperationException">There is no map yet.</exception>
    public async ValueTask<LearntStatement> LearnAsync(
        ReadOnlyMemory<byte> sql,
        string searchPath,
        bool conformingStrings = true
    )
    {
        Epoch epoch = _epoch;
        LearntStatement learnt = await ReadAsync(sql, searchPath, conformingStrings, epoch).ConfigureAwait(false);
        if (!learnt.Plan.HasUnknownNames || _refresh is null)
        {
            return learnt;
        }
        await _refresh.RequestAsync().ConfigureAwait(false);
        return ReferenceEquals(epoch, _epoch)
            ? learnt
            : await ReadAsync(sql, searchPath, conformingStrings, _epoch).ConfigureAwait(false);
    }

    private async ValueTask<LearntStatement> ReadAsync(
        ReadOnlyMemory<byte> sql,
        string searchPath,
        bool conformingStrings,
        Epoch epoch
    )
    {
        TopologySnapshot map = epoch.Map ?? throw new InvalidOperationException("There is no map yet.");
        PathContext path = epoch.Of(searchPath, conformingStrings);
        (StatementPlan plan, ShapeBuffer literals) = await _known
            .LearnAsync(
                sql,
                path.Shape,
                path.Facts!,
                description => RoutePlanner.Plan(description, map, path.Facts!, path.Path),
                atOnce: true
            )
            .ConfigureAwait(false);
        return new LearntStatement(plan, literals);
    }

    /// <summary>A map and facts that were current together.</summary>
    private sealed class Epoch(long number, TopologySnapshot? map, ICatalogFacts facts)
    {
        private readonly ConcurrentDictionary<(string Path, bool Conforming), PathContext> _paths = new();
        private PathContext? _latest;

        public long Number => number;

        public TopologySnapshot? Map => map;

        public ICatalogFacts Facts => facts;

        public PathContext Of(string searchPath, bool conformingStrings)
        {
            PathContext? latest = _latest;
            if (
                latest is not null
                && string.Equals(latest.Text, searchPath, StringComparison.Ordinal)
                && latest.Shape.ConformingStrings == conformingStrings
            )
            {
                return latest;
            }
            if (!_paths.TryGetValue((searchPath, conformingStrings), out PathContext? context))
            {
                if (_paths.Count >= PathsMax)
                {
                    _paths.Clear();
                }
                SearchPath path = SearchPath.Parse(searchPath);
                ShapeContext shape = new(Encoding.UTF8.GetBytes(searchPath), number, conformingStrings);
                context = new PathContext(searchPath, shape, path, new PathFacts(map!, facts, path));
                _paths[(searchPath, conformingStrings)] = context;
            }
            _latest = context;
            return context;
        }
    }

    private sealed record PathContext(string Text, ShapeContext Shape, SearchPath Path, PathFacts Facts);
}

/// <summary>A statement that was learnt, with the literals of the text that it was learnt from.</summary>
internal sealed class LearntStatement(StatementPlan plan, ShapeBuffer literals)
{
    public StatementPlan Plan => plan;

    /// <summary>The route of that very text.</summary>
    public Route Resolve(ReadOnlySpan<byte> sql, in BoundValues values) =>
        plan.Resolve(StatementLiterals.Of(sql, literals), values);
}
