// A rule and the values at hand → the route. For every statement; allocates only for routes to several shards.
using System.Collections.Immutable;
using Drover.Routing.Keys;
using Drover.Sql.Statements;
using Drover.Topology;
using Drover.Topology.Keys;

namespace Drover.Routing;

internal static class RuleResolver
{
    /// <summary>Resolves the route of one statement.</summary>
    public static Route Resolve(
        StatementRule rule,
        TopologySnapshot map,
        in StatementLiterals literals,
        in BoundValues values
    )
    {
        if (rule.Fixed is { } route)
        {
            return route;
        }
        KeyReader reader = new(literals, values, rule.Facts);
        ShardSet needed = default;
        if (rule.Inserted is { } inserted && !TryRows(reader, inserted, ref needed, out RouteRefusal? refusal))
        {
            return Route.Refused(refusal!);
        }
        ShardSet drive = default;
        foreach (KeyUse use in rule.Uses)
        {
            ShardSet shards = Of(reader, use);
            if (shards.HasNowhere)
            {
                return Route.Refused(Refusals.KeyIsNowhere(use.Sharded, use.Group));
            }
            needed.UnionWith(shards);
            if (ReferenceEquals(use, rule.Driver))
            {
                drive = shards;
            }
        }
        foreach (KeyAssignment assignment in rule.Assignments)
        {
            if (!IsSame(reader, assignment))
            {
                return Moved(reader, rule, assignment, needed);
            }
        }
        return Decide(rule, map, needed, rule.Inserted is null ? drive : needed);
    }

    /// <summary>Refused; where the rows are and where they would belong is told, if it is one shard each.</summary>
    private static Route Moved(in KeyReader reader, StatementRule rule, KeyAssignment assignment, in ShardSet needed)
    {
        KeyUse use = assignment.Use;
        Route refused = Route.Refused(Refusals.KeyMoves(use.Sharded));
        bool isOne = needed is { IsEvery: false, Count: 1 } && rule.Uses.Length == 1 && rule.Assignments.Length == 1;
        if (
            !isOne
            || rule.Facts.Kind != StatementKind.Update
            || rule.Home is not null
            || reader.Hash(KeyTarget.In(use.Group, use.Sharded.KeyTypeModifier), assignment.Source, 0, out ulong place)
                != KeyOutcome.Hashed
        )
        {
            return refused;
        }
        int to = use.Group.ShardOf(place);
        return to == 0
            ? Route.Refused(Refusals.KeyIsNowhere(use.Sharded, use.Group))
            : refused with
            {
                Move = new KeyMove(use.Sharded, needed.Single, to),
            };
    }

    private static Route Decide(StatementRule rule, TopologySnapshot map, in ShardSet needed, in ShardSet drive)
    {
        int count = needed.IsEvery ? int.MaxValue : needed.Count;
        if (count <= 1)
        {
            int shard = count == 1 ? needed.Single : 0;
            return rule.Home is not { } place ? (count == 1 ? Route.One(shard) : Route.Any)
                : count == 0 || shard == place.Shard ? Route.On(place.Shard, map)
                : Route.Refused(Refusals.AwayFrom(place, map));
        }
        if (rule.Apart is not null)
        {
            return Route.Refused(rule.Apart);
        }
        if (rule.Home is { } away)
        {
            return Route.Refused(Refusals.AwayFrom(away, map));
        }
        if (drive.IsEvery)
        {
            return rule.All;
        }
        ImmutableArray<int> shards = drive.Of(map.Shards);
        RouteKind kind = shards.Length == map.Shards.Length ? RouteKind.All : RouteKind.Many;
        return shards.Length == 1 ? Route.One(shards[0]) : new Route(kind, 0, shards, null);
    }

    /// <summary>The shards that can have rows which matter.</summary>
    private static ShardSet Of(in KeyReader reader, KeyUse use)
    {
        ShardSet shards = ShardSet.Every;
        foreach (ImmutableArray<ValueSource> condition in use.Conditions)
        {
            ShardSet some = default;
            // What cannot be hashed limits nothing.
            if (TryCollect(reader, use.Group, condition, ref some))
            {
                shards.IntersectWith(some);
            }
        }
        if (use.Group.Ranges is { } ranges && !use.Bounds.IsEmpty)
        {
            shards.IntersectWith(Within(reader, use, ranges));
        }
        return shards;
    }

    /// <summary>The shards of the ranges that are not wholly below or above what the key can be.</summary>
    private static ShardSet Within(in KeyReader reader, KeyUse use, KeyRanges ranges)
    {
        KeyTarget target = KeyTarget.In(use.Group);
        ulong low = 0;
        ulong high = ulong.MaxValue;
        foreach (ColumnBound bound in use.Bounds)
        {
            if (
                reader.Count(bound.Source) != 1
                || reader.Hash(target, bound.Source, 0, out ulong place) != KeyOutcome.Hashed
            )
            {
                // What is not certain limits nothing.
                continue;
            }
            low = bound.IsUpper ? low : Math.Max(low, place);
            high = bound.IsUpper ? Math.Min(high, place) : high;
        }
        ShardSet shards = default;
        for (int i = 0; i < ranges.Ranges.Length; i++)
        {
            ulong place = KeyRanges.PlaceOf(i);
            if (place >= low && place <= high)
            {
                shards.Add(ranges.Ranges[i].Shard);
            }
        }
        return shards;
    }

    private static bool TryCollect(
        in KeyReader reader,
        ColocationGroup group,
        ImmutableArray<ValueSource> sources,
        ref ShardSet shards
    )
    {
        KeyTarget target = KeyTarget.In(group);
        foreach (ValueSource source in sources)
        {
            bool isArray = source.Kind is ValueSourceKind.ArraySlot or ValueSourceKind.ArrayParameter;
            int count = reader.Count(source);
            for (int i = 0; i < count; i++)
            {
                if (isArray)
                {
                    if (!reader.TryArray(target, source, i, out KeyArray array) || !TryAll(array, group, ref shards))
                    {
                        return false;
                    }
                    continue;
                }
                switch (reader.Hash(target, source, i, out ulong hash))
                {
                    case KeyOutcome.Unknown or KeyOutcome.Default:
                        return false;
                    case KeyOutcome.Hashed:
                        shards.Add(group.ShardOf(hash));
                        break;
                }
            }
        }
        return true;
    }

    private static bool TryAll(KeyArray array, ColocationGroup group, ref ShardSet shards)
    {
        while (array.MoveNext())
        {
            if (array.IsNull)
            {
                continue;
            }
            if (!array.TryHash(KeyTarget.In(group), out ulong hash))
            {
                return false;
            }
            shards.Add(group.ShardOf(hash));
        }
        return !array.IsBroken;
    }

    private static bool TryRows(
        in KeyReader reader,
        InsertedKeys inserted,
        ref ShardSet shards,
        out RouteRefusal? refusal
    )
    {
        KeyTarget target = KeyTarget.In(inserted.Group, inserted.Sharded.KeyTypeModifier);
        refusal = null;
        foreach (ValueSource source in inserted.Sources)
        {
            int count = reader.Count(source);
            for (int i = 0; i < count; i++)
            {
                switch (reader.Hash(target, source, i, out ulong hash))
                {
                    case KeyOutcome.Hashed when inserted.Group.ShardOf(hash) is var shard and > 0:
                        shards.Add(shard);
                        break;
                    case KeyOutcome.Hashed:
                        refusal = Refusals.KeyIsNowhere(inserted.Sharded, inserted.Group);
                        return false;
                    case KeyOutcome.Null:
                        refusal = inserted.IsCertain
                            ? Refusals.KeyIsNull(inserted.Sharded)
                            : Refusals.KeyIsUnknown(inserted.Sharded);
                        return false;
                    case KeyOutcome.Default:
                        refusal = Refusals.KeyIsMissing(inserted.Sharded, "Its value is DEFAULT.");
                        return false;
                    default:
                        refusal = Refusals.KeyIsUnknown(inserted.Sharded);
                        return false;
                }
            }
        }
        return true;
    }

    /// <summary>Whether the key is assigned the very value that a condition says it has.</summary>
    private static bool IsSame(in KeyReader reader, KeyAssignment assignment)
    {
        KeyUse use = assignment.Use;
        KeyTarget written = new(use.Group.KeyType, use.Sharded.KeyTypeModifier);
        if (reader.Hash(written, assignment.Source, 0, out ulong assigned) != KeyOutcome.Hashed)
        {
            return false;
        }
        foreach (ImmutableArray<ValueSource> condition in use.Conditions)
        {
            bool isOne = condition.Length == 1 && reader.Count(condition[0]) == 1;
            if (
                isOne
                && reader.Hash(new KeyTarget(use.Group.KeyType), condition[0], 0, out ulong hash) == KeyOutcome.Hashed
                && hash == assigned
            )
            {
                return true;
            }
        }
        return false;
    }
}
