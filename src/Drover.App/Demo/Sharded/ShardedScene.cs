// The fourth scene: the shop on four servers, its clients connected to one database as before.
using Drover.Sql.Parsing;

namespace Drover.App.Demo.Sharded;

/// <summary>
/// The clients of the scenes before, one thing apart: a client changes orders by customer and id, as it knows both.
/// </summary>
internal sealed class ShardedScene : IDemoScene
{
    private const int PreparingEvery = 4;

    /// <summary>Statements can be routed: PostgreSQL's parser is there.</summary>
    public static bool IsPossible => PgQueryLibrary.Instance is not null;

    public string Name => "sharded";

    public string Caption(DemoOptions options) =>
        "The shop on 4 PostgreSQL servers, by customer: tables declared, rows loaded through Drover with COPY, then "
        + $"{ClosingTable.Count(options.PooledClients)} clients on one database. A statement with a customer goes to "
        + "that customer's server; the dashboard, which has none, to all four, and Drover puts their rows together.";

    public async Task<SceneResult> PlayAsync(
        DemoStage stage,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        ShardedShop shop = await ShardedShop.StartAsync(stage, Say, cancellationToken);
        stage.Own(shop);
        stage.Expect(shop.Proxy);
        TrafficLoad load = new(Name, stage, stage.Options.PooledClients, shop.Proxy.Port)
        {
            PreparingEvery = PreparingEvery,
            Servers = shop.Servers,
            IsByCustomer = true,
        };
        SceneResult result = await load.RunAsync(show, cancellationToken);
        (long single, long merged, long coordinator) = await shop.StatementsAsync(cancellationToken);
        return result with
        {
            Sharding = new ShardingResult
            {
                RowsLoaded = shop.Rows,
                LoadSeconds = shop.Loading.TotalSeconds,
                SingleShardStatements = single,
                MergedStatements = merged,
                CoordinatorStatements = coordinator,
                Shards = await shop.FiguresAsync(cancellationToken),
                Port = shop.Proxy.Port,
            },
        };

        void Say(string work) =>
            show(
                new TrafficSnapshot
                {
                    Phase = "preparing",
                    Progress = 0,
                    Clients = 0,
                    ServerConnections = 0,
                    QueriesPerSecond = 0,
                    AverageMs = 0,
                    P95Ms = 0,
                    P99Ms = 0,
                    Errors = 0,
                    Work = work,
                }
            );
    }
}
