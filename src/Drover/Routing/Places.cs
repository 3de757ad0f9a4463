// What of a statement is on one shard alone, and on which.
using System.Collections.Immutable;
using Drover.Routing.Names;
using Drover.Sql.Statements;

namespace Drover.Routing;

/// <summary>Something that one shard has alone.</summary>
/// <param name="Shard">The shard's number.</param>
/// <param name="What">What it is, in words.</param>
internal readonly record struct Place(int Shard, string What);

/// <summary>
/// Tables on one server are the first shard's, what is in a sharded schema is that schema's shard's. What each server
/// has of its own, and what nobody knows, goes with the rest.
/// </summary>
internal sealed class Places(StatementFacts facts, ImmutableArray<NamedTable> tables, PathFacts catalog)
{
    private readonly TableNames _names = catalog.Names;

    private int Home => _names.Map.Home.Number;

    /// <summary>The shard that has to run the statement; null if any may.</summary>
    /// <param name="locked">A row lock that only the first shard can take, in words; null if there is none.</param>
    /// <param name="refusal">Why no shard has all of it.</param>
    public Place? Find(string? locked, out RouteRefusal? refusal)
    {
        ImmutableArray<Place> all = [.. All(locked)];
        refusal = null;
        if (all.IsEmpty)
        {
            return tables.FirstOrDefault(IsAnywhere) is { } loose
                ? new Place(_names.PathShard > 0 ? _names.PathShard : Home, NameOf(loose))
                : null;
        }
        Place first = all[0];
        Place other = all.FirstOrDefault(place => place.Shard != first.Shard);
        refusal = other.Shard > 0 ? Refusals.OnTwoShards(first, other, _names.Map) : null;
        return first;
    }

    /// <summary>What each server has, or none.</summary>
    private static bool IsAnywhere(NamedTable table) =>
        table.Role == TableRole.Unknown || table is { Role: TableRole.Home, IsOfSystem: true };

    private static string NameOf(NamedTable table) =>
        $"table {(table.Name.Schema.Length > 0 ? table.Name.ToString() : table.Name.Name)}";

    private IEnumerable<Place> All(string? locked)
    {
        foreach (NamedTable table in tables)
        {
            if (table.Role is TableRole.Home or TableRole.Placed && !IsAnywhere(table))
            {
                yield return new Place(table.Shard > 0 ? table.Shard : Home, NameOf(table));
            }
        }
        foreach ((string schema, string name) in facts.Views)
        {
            if (_names.Map.ShardOf(schema) is var shard and > 0)
            {
                yield return new Place(shard, $"view {schema}.{name}");
            }
        }
        if (locked is not null)
        {
            yield return new Place(Home, locked);
        }
        foreach (FunctionUse function in facts.Functions)
        {
            if (OfFunction(function) is { } place)
            {
                yield return place;
            }
        }
    }

    private Place? OfFunction(FunctionUse function)
    {
        string what = $"function {function.Name}()";
        string? schema =
            function.Schema.Length > 0
                ? function.Schema
                : _names.Path.Schemas.FirstOrDefault(entry =>
                    _names.Map.ShardOf(entry) > 0 && catalog.HasObject(entry, function.Name)
                );
        if (schema is not null && _names.Map.ShardOf(schema) is var shard and > 0)
        {
            return new Place(shard, what);
        }
        if (!FunctionRules.IsOfHome(function))
        {
            return null;
        }
        return SequenceOf(function, _names) is { Shard: > 0 } sequence
            ? new Place(sequence.Shard, $"sequence {sequence.Name}")
            : new Place(Home, what);
    }

    /// <summary>
    /// Whether a sharded schema that comes before it on search_path may have got a function of that name, or a sequence
    /// of the one that it names.
    /// </summary>
    public static bool IsBehind(FunctionUse function, PathFacts catalog) =>
        SequenceOf(function, catalog.Names) is { DependsOnSchema: true }
        || (
            function.Schema.Length == 0
            && catalog
                .Names.Path.Schemas.TakeWhile(entry => !catalog.HasObject(entry, function.Name))
                .Any(entry => catalog.Names.Map.ShardOf(entry) > 0)
            && catalog.Volatility("pg_catalog", function.Name, function.Arguments) is null
        );

    /// <summary>The sequence that a call of nextval and the like names by a literal; null if there is none.</summary>
    public static NamedTable? SequenceOf(FunctionUse function, TableNames names)
    {
        string text = function.Relation;
        ImmutableArray<string> parts =
            text.AsSpan().IndexOfAny(' ', ',') < 0 ? SearchPath.Parse(text.Replace('.', ',')).Schemas : [];
        return parts switch
        {
            [var name] => names.Find("", name),
            [var schema, var name] => names.Find(schema, name),
            _ => null,
        };
    }
}
