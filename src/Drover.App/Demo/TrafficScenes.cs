// The first two scenes: the same traffic straight to PostgreSQL, then through Drover's pool.
namespace Drover.App.Demo;

/// <summary>Every client has a server connection of its own, as many as a usual max_connections permits.</summary>
internal sealed class DirectScene : IDemoScene
{
    public string Name => "direct";

    public string Caption(DemoOptions options) =>
        $"{ClosingTable.Count(options.DirectClients)} clients straight to PostgreSQL, each on a connection of its own. "
        + $"They are idle most of the time; together they ask {ClosingTable.Count(options.QueriesPerSecond)} times a "
        + "second, in both scenes.";

    public Task<SceneResult> PlayAsync(
        DemoStage stage,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        TrafficLoad load = new(Name, stage, stage.Options.DirectClients, stage.Cluster.Port);
        return load.RunAsync(show, cancellationToken);
    }
}

/// <summary>Many more clients share a few server connections, in transaction mode.</summary>
internal sealed class PooledScene : IDemoScene
{
    public string Name => "pooled";

    public string Caption(DemoOptions options) =>
        $"{ClosingTable.Count(options.PooledClients)} clients through Drover on {options.ServerConnections} server "
        + "connections, in transaction mode. Each thinks longer, so that together they ask "
        + $"{ClosingTable.Count(options.QueriesPerSecond)} times a second again: more clients, the same load.";

    public async Task<SceneResult> PlayAsync(
        DemoStage stage,
        Action<TrafficSnapshot> show,
        CancellationToken cancellationToken
    )
    {
        ProxyProcess proxy = await stage.StartProxyAsync(cancellationToken);
        TrafficLoad load = new(Name, stage, stage.Options.PooledClients, proxy.Port);
        return await load.RunAsync(show, cancellationToken);
    }
}
