// Shards and colocation groups as an operator names them.
using Drover.Operations;
using Drover.Topology;

namespace Drover.Sharding.Placing;

/// <summary>A colocation group by itself, by one of its tables, or not at all where there is one.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Table">A table of it, with or without schema.</param>
internal readonly record struct GroupChoice(string? Group, string? Table);

/// <summary>Finds them in a map, or says what there is.</summary>
internal static class MapNames
{
    /// <summary>The colocation group.</summary>
    /// <exception cref="OperationException">There is none, or several that could be meant.</exception>
    public static ColocationGroup Group(TopologySnapshot map, GroupChoice choice)
    {
        string names = string.Join(", ", map.Groups.Values.Select(group => group.Name).Order());
        if (choice.Table is { } table)
        {
            ColocationGroup found = map.GroupOf(Table(map, table));
            return choice.Group is null || choice.Group == found.Name
                ? found
                : throw Usage($"{table} is in colocation group {found.Name}, not in '{choice.Group}'");
        }
        if (choice.Group is { } name)
        {
            return map.Groups.Values.FirstOrDefault(group => group.Name == name)
                ?? throw Usage($"there is no colocation group '{name}': there are {names}");
        }
        return map.Groups.Count switch
        {
            1 => map.Groups.Values[0],
            0 => throw Usage("no table is sharded yet: drover table shard TABLE --key COLUMN"),
            _ => throw Usage($"there are several colocation groups ({names}): say which by --group or --table"),
        };
    }

    /// <summary>The shard of a name or a number.</summary>
    /// <exception cref="OperationException">There is none.</exception>
    public static Shard Shard(TopologySnapshot map, string name) =>
        map.Shards.FirstOrDefault(shard => shard.Name == name || $"{shard.Number}" == name)
        ?? throw Usage(
            $"there is no shard '{name}': there are "
                + string.Join(", ", map.Shards.Select(shard => $"{shard.Number} ({shard.Name})"))
        );

    /// <summary>The shard with a number of the map.</summary>
    public static Shard Shard(TopologySnapshot map, int number) => map.Shards.First(shard => shard.Number == number);

    private static ShardedTable Table(TopologySnapshot map, string name)
    {
        ShardedTable[] tables =
        [
            .. map.Tables.Values.Where(table => $"{table.Name}" == name || table.Name.Name == name),
        ];
        return tables switch
        {
            [var only] => only,
            [] => throw Usage($"'{name}' is no sharded table: see drover table list"),
            _ => throw Usage($"'{name}' is the name of several sharded tables: write the schema with it"),
        };
    }

    private static OperationException Usage(string message) => new(message, OperationOutcome.Usage);
}
