// What a unit has to wait for on account of the schema: its announcement, or the coordinator's catching up.
using Drover.Routing;
using Drover.Sessions.Sharded.Units;

namespace Drover.Sessions.Sharded;

/// <summary>
/// A statement that changes the schema is announced before it runs, and what the coordinator is to answer waits until
/// it is what the shards are. One per session.
/// </summary>
internal sealed class SchemaGuard(ShardedDatabaseState database)
{
    private NextStep _passed;
    private RouteRefusal? _refusal;

    /// <summary>What has to happen before the unit can run; <see cref="NextStep.None"/> if nothing has.</summary>
    /// <param name="unit">The unit, with nothing before it that still runs.</param>
    /// <param name="isForCoordinator">The coordinator is to answer it.</param>
    public NextStep StepFor(in Unit unit, bool isForCoordinator)
    {
        NextStep step =
            database.Schema is null ? NextStep.None
            : unit.ChangesSchema ? NextStep.Announce
            : isForCoordinator ? NextStep.CatchUp
            : unit.Plan is { ReadsBehind: true } && database.Schema.IsSettling ? NextStep.AwaitNames
            : NextStep.None;
        return step == _passed ? NextStep.None : step;
    }

    /// <summary>Why the unit may not run after all; null if it may.</summary>
    public RouteRefusal? TakeRefusal()
    {
        RouteRefusal? refusal = _refusal;
        _refusal = null;
        return refusal;
    }

    /// <summary>Does it.</summary>
    public async ValueTask RunAsync(NextStep step)
    {
        _passed = step;
        if (step == NextStep.AwaitNames)
        {
            await database.Schema!.SettledAsync();
            return;
        }
        _refusal = await (
            step == NextStep.Announce ? database.Schema!.AnnounceAsync() : database.Schema!.CatchUpAsync()
        );
    }

    /// <summary>The unit runs, or was refused: the next one has to wait for itself.</summary>
    public void Reset() => _passed = NextStep.None;
}
