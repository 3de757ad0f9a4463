// Declares tables and schemas for clients of the proxy: the commands' own service, with its refusals as errors.
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Routing;
using Drover.Routing.Schemas;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Declaring;

/// <summary>One at a time, in this proxy; the map's own lock is between all who change it.</summary>
internal sealed class TableDeclarations(ShardServers servers, ShardedDatabaseState state, TimeProvider time)
    : ITableDeclarations
{
    /// <summary>Longest time that one takes.</summary>
    public static readonly TimeSpan DeclareMax = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private readonly ShardingService _service = new(servers);

    /// <inheritdoc/>
    public string Owner => servers.User;

    /// <inheritdoc/>
    public Task<RouteRefusal?> DeclareAsync(MapDeclaration declaration) =>
        // An event loop asks: it has others to serve.
        Task.Run(() => TryDeclareAsync(declaration));

    private async Task<RouteRefusal?> TryDeclareAsync(MapDeclaration declaration)
    {
        try
        {
            using CancellationTokenSource late = new(DeclareMax, time);
            if (declaration is SchemaDeclaration schema)
            {
                await DeclareAsync(schema, late.Token);
            }
            else
            {
                await DeclareAsync((TableDeclaration)declaration, late.Token);
            }
            return null;
        }
        catch (OperationException wrong)
        {
            string[] lines = wrong.Message.Split('\n', 2);
            return new RouteRefusal(SqlStateOf(wrong.Outcome), lines[0], lines.Length > 1 ? lines[1] : null);
        }
        catch (PostgresException wrong)
        {
            return new RouteRefusal(wrong.SqlState, wrong.MessageText, wrong.Detail, wrong.Hint);
        }
        catch (Exception failure)
        {
            return new RouteRefusal("58000", ServerFailure.Describe(failure, "the sharded database's servers"));
        }
    }

    private async Task DeclareAsync(TableDeclaration table, CancellationToken cancellationToken)
    {
        TableName name = table.Key is { } key
            ? (await _service.ShardTableAsync(table.Table, key, table.Colocation, table.By, cancellationToken)).Name
            : await _service.ReferenceTableAsync(table.Table, cancellationToken);
        // The follower is told of it at once. The coordinator waits for the new map by itself.
        while (state.Map is not { } map || !(map.Tables.ContainsKey(name) || map.ReferenceTables.Contains(name)))
        {
            await Task.Delay(s_look, time, cancellationToken);
        }
    }

    private async Task DeclareAsync(SchemaDeclaration schema, CancellationToken cancellationToken)
    {
        (_, long epoch) = await _service.Schemas.ShardAsync(schema.Schema, schema.Shard, cancellationToken);
        while (state.Map is not { } map || map.Epoch < epoch)
        {
            await Task.Delay(s_look, time, cancellationToken);
        }
        // What is in it already is on a shard whose catalogs were not read.
        await state.Refresh.RequestAsync(isPressing: true);
    }

    private static string SqlStateOf(OperationOutcome outcome) =>
        outcome switch
        {
            OperationOutcome.Usage => "22023",
            OperationOutcome.Refused => "55000",
            _ => "58000",
        };
}
