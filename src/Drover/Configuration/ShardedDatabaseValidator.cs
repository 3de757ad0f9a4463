// What must hold for a database that is many servers.
namespace Drover.Configuration;

/// <summary>Checks the sharded databases of a draft.</summary>
internal static class ShardedDatabaseValidator
{
    /// <summary>Adds an error for everything that does not fit together.</summary>
    public static void Check(ConfigurationDraft draft)
    {
        DroverOptions options = draft.ToOptions();
        HashSet<string> entries = [.. options.Databases.Select(database => database.Name)];
        Dictionary<string, string> ownerByShard = [];
        foreach (ShardedDatabaseOptions sharded in options.Sharded)
        {
            SourcePlace place = draft.PlaceOf(sharded);
            CheckName(draft, sharded, entries, place);
            if (sharded.Catalog.Length == 0)
            {
                draft.Error(
                    place,
                    $"sharded database '{sharded.Name}' has no catalog: set it to a connection string, such as "
                        + "\"host=db1 dbname=shop_catalog user=drover\""
                );
            }
            if (sharded.Shards.Count is 0 or > ConfigurationLimits.ShardsMax)
            {
                draft.Error(
                    place,
                    $"sharded database '{sharded.Name}' has {sharded.Shards.Count} shards: name from 1 to "
                        + $"{ConfigurationLimits.ShardsMax} database entries in shards"
                );
            }
            CheckCoordinator(draft, sharded, entries, place);
            foreach (string shard in sharded.Shards)
            {
                if (!entries.Contains(shard))
                {
                    draft.Error(place, $"shards: there is no database entry '{shard}': add [databases.{shard}]");
                }
                else if (!ownerByShard.TryAdd(shard, sharded.Name))
                {
                    draft.Error(
                        place,
                        $"shards: '{shard}' is a shard of '{ownerByShard[shard]}' already: name each entry once"
                    );
                }
            }
        }
    }

    private static void CheckCoordinator(
        ConfigurationDraft draft,
        ShardedDatabaseOptions sharded,
        HashSet<string> entries,
        SourcePlace place
    )
    {
        string name = sharded.Coordinator;
        if (name.Length > 0 && !entries.Contains(name))
        {
            draft.Error(place, $"coordinator: there is no database entry '{name}': add [databases.{name}]");
        }
        else if (name.Length > 0 && sharded.Shards.Contains(name))
        {
            draft.Error(place, $"coordinator: '{name}' is a shard: give the coordinator a database of its own");
        }
    }

    private static void CheckName(
        ConfigurationDraft draft,
        ShardedDatabaseOptions sharded,
        HashSet<string> entries,
        SourcePlace place
    )
    {
        if (sharded.Name is "pgbouncer" or "drover" or "*")
        {
            draft.Error(place, $"a sharded database cannot be called '{sharded.Name}': choose another name");
        }
        if (entries.Contains(sharded.Name))
        {
            draft.Error(place, $"'{sharded.Name}' is a database entry too: a client could not say which it means");
        }
    }
}
