// One sharded database as the data plane sees it: the map, the catalogs, the router.
using Drover.Routing.Catalogs;
using Drover.Routing.Schemas;
using Drover.Routing.Transactions;
using Drover.Sql.Parsing;
using Drover.Sql.Statements;
using Drover.Topology;

namespace Drover.Routing;

/// <summary>
/// Where the two planes meet: the control plane publishes, the data plane reads. Any thread may do either.
/// </summary>
internal sealed class ShardedDatabaseState
{
    /// <summary>Longest time that a statement with an unknown name waits for the catalogs.</summary>
    public static readonly TimeSpan FactsWaitMax = TimeSpan.FromSeconds(2);

    private volatile TopologySnapshot? _map;
    private volatile ICatalogFacts _facts = NoCatalogFacts.Instance;

    /// <summary>Makes one that knows nothing yet.</summary>
    public ShardedDatabaseState(ISqlParser parser, TimeProvider time)
    {
        Parser = parser;
        Refresh = new LookRequests(time, FactsWaitMax);
        Router = new StatementRouter(parser, Refresh);
    }

    /// <summary>Reads SQL.</summary>
    public ISqlParser Parser { get; }

    /// <summary>The map; null before the first.</summary>
    public TopologySnapshot? Map => _map;

    /// <summary>What is known of the catalogs.</summary>
    public ICatalogFacts Facts => _facts;

    /// <summary>Routes statements by both.</summary>
    public StatementRouter Router { get; }

    /// <summary>Asks for another look at the catalogs, as after DDL.</summary>
    public LookRequests Refresh { get; }

    /// <summary>Where transactions on several shards are decided; null where nobody keeps it.</summary>
    public IDecisionLog? Decisions { get; set; }

    /// <summary>Transactions that are on several shards at this moment.</summary>
    public SpanningTransactions Spanning { get; } = new();

    /// <summary>Around changes of the schema; null where nobody minds them.</summary>
    public ISchemaChanges? Schema { get; set; }

    /// <summary>Declares tables and schemas; null where nobody does.</summary>
    public ITableDeclarations? Declarations { get; set; }

    /// <summary>The map or the facts changed.</summary>
    public event Action? Changed;

    /// <summary>Takes another map.</summary>
    public void Publish(TopologySnapshot map)
    {
        _map = map;
        Router.Publish(map);
        Changed?.Invoke();
    }

    /// <summary>Takes what the catalogs say now.</summary>
    public void Publish(ICatalogFacts facts)
    {
        _facts = facts;
        Router.Publish(facts);
        Changed?.Invoke();
    }
}
