// What a shard itself refuses to be given: keys that the map has placed on another one.
using System.Security.Cryptography;
using System.Text;
using Drover.Operations.Connections;
using Drover.Topology;
using Npgsql;

namespace Drover.Sharding.Placing;

/// <summary>
/// A trigger on each table of a colocation group of which some keys are placed one by one or by range. A proxy that
/// sleeps, or has lost the catalog, and a client that writes past all proxies, get an error instead of rows that nobody
/// finds. Its condition is on the key alone, so a row that is where it belongs costs no call of its function. To be
/// set while nobody writes to the table: then no transaction that began before gets past it.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/18/sql-createtrigger.html</remarks>
internal static class PlacementFence
{
    private const string Trigger = $"\"{PlacementTrigger.Name}\"";

    // Trying again finds the key's shard as soon as the proxy has heard.
    private const string Function = """
        CREATE OR REPLACE FUNCTION drover.refuse_misplaced() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, pg_temp AS $function$
        BEGIN
            RAISE EXCEPTION 'a row of "%" has a key that is placed on another shard', TG_TABLE_NAME USING
                ERRCODE = 'serialization_failure',
                DETAIL = 'Whoever sent it to this shard has not heard of the placement of its key.',
                HINT = 'Try again. If it stays, the proxy has lost its catalog: see SHOW SHARDS.';
        END
        $function$
        """;

    /// <summary>Sets it on a table. Who reads the table is not waited for.</summary>
    /// <param name="server">The shard, in a transaction that has the table locked against writers.</param>
    /// <param name="table">Schema and table, quoted.</param>
    /// <param name="keyColumn">The sharding key, quoted.</param>
    /// <param name="misplaced">Keys that are not this shard's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task SetAsync(
        NpgsqlConnection server,
        string table,
        string keyColumn,
        KeyCondition misplaced,
        CancellationToken cancellationToken
    )
    {
        foreach (string statement in Statements(table, keyColumn, misplaced))
        {
            await server.ExecuteAsync(statement, [], cancellationToken);
        }
    }

    /// <summary>What sets it on a table, in order.</summary>
    /// <param name="table">Schema and table, quoted.</param>
    /// <param name="keyColumn">The sharding key, quoted.</param>
    /// <param name="misplaced">Keys that are not this shard's.</param>
    public static string[] Statements(string table, string keyColumn, KeyCondition misplaced)
    {
        string trigger =
            $"CREATE OR REPLACE TRIGGER {Trigger} AFTER INSERT OR UPDATE ON {table} FOR EACH ROW "
            + $"WHEN ({misplaced.On($"NEW.{keyColumn}")}) EXECUTE FUNCTION drover.refuse_misplaced()";
        return [Function, trigger, $"COMMENT ON TRIGGER {Trigger} ON {table} IS '{Mark(trigger)}'"];
    }

    /// <summary>The comment by which the trigger is known: its text is not kept as it was written.</summary>
    public static string MarkOf(string[] statements) => Mark(statements[1]);

    private static string Mark(string trigger) =>
        $"Drover: placements {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(trigger)))[..16]}";

    /// <summary>The keys that a shard is not to be given: all but its own, by slot too.</summary>
    /// <param name="group">By the map that is to come.</param>
    /// <param name="named">Its keys that are named with a shard.</param>
    /// <param name="shard">The shard.</param>
    public static KeyCondition Misplaced(ColocationGroup group, IReadOnlyList<(string Key, int Shard)> named, int shard)
    {
        string[] own = [.. named.Where(one => one.Shard == shard).Select(static one => one.Key)];
        string[] others = [.. named.Where(one => one.Shard != shard).Select(static one => one.Key)];
        KeyCondition[] ownKeys = own.Length == 0 ? [] : [KeyCondition.AnyOf(group.KeyType, own)];
        return group.Placement switch
        {
            PlacementKind.Hash => KeyCondition.Any([
                .. others.Length == 0 ? [] : (KeyCondition[])[KeyCondition.AnyOf(group.KeyType, others)],
                KeyCondition.Not([.. ownKeys, KeyCondition.OfSlots(group.KeyType, group.Slots, shard)]),
            ]),
            PlacementKind.List => KeyCondition.Not(ownKeys),
            _ => KeyCondition.Not([
                .. group
                    .Ranges!.Ranges.Where(range => range.Shard == shard)
                    .Select(range => KeyCondition.Between(group.KeyType, range.From, range.To)),
            ]),
        };
    }
}
