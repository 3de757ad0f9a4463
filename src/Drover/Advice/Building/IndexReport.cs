// What the building of an index tells while it goes on.
namespace Drover.Advice.Building;

/// <summary>A build's progress (https://www.postgresql.org/docs/18/progress-reporting.html).</summary>
/// <param name="Index">Which one.</param>
/// <param name="Phase">PostgreSQL's own word.</param>
/// <param name="Share">Of the phase, 0 to 1; null where PostgreSQL does not say.</param>
/// <param name="WaitsFor">The session that it waits for; 0 if for none.</param>
internal readonly record struct BuildProgress(string Index, string Phase, double? Share, int WaitsFor);

/// <summary>Is told what happens.</summary>
internal interface IIndexReport
{
    /// <summary>A line for a person.</summary>
    void Say(string line);

    /// <summary>How far a build is; about once a second.</summary>
    void Show(BuildProgress progress);
}
