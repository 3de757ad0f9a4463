// Where a statement goes that is prepared and not run: to a server that has what it names.
using Drover.Routing;

namespace Drover.Sessions.Sharded.Units;

internal static class UnboundRoute
{
    /// <summary>The route; to any shard, unless the statement can run on none.</summary>
    /// <param name="plan">What is known of the statement.</param>
    /// <param name="route">Its route without values.</param>
    /// <param name="isMove">It would change the sharding key of rows, which is done.</param>
    public static Route Of(StatementPlan plan, Route route, bool isMove)
    {
        bool isRefused = route.Kind == RouteKind.Refused;
        if (plan.Place > 0 && (!isRefused || plan.MayCoordinate || plan.NeedsParameters))
        {
            // It has what else the statement names, if that is on several shards.
            return Route.On(plan.Place, plan.Map);
        }
        if (isRefused && plan.MayCoordinate)
        {
            // The home shard has all tables but those of sharded schemas, and the coordinator those too.
            return plan.Place == 0 ? Route.Home(plan.Map.Home.Number) : route;
        }
        bool isFinal = isRefused && !plan.NeedsParameters && !isMove;
        return isFinal || route.Kind == RouteKind.Any ? route : Route.Any;
    }
}
