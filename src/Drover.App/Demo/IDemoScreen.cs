// Where the demo is seen: a live screen on a terminal, plain lines elsewhere.
namespace Drover.App.Demo;

/// <summary>What the demo tells a person.</summary>
internal interface IDemoScreen
{
    /// <summary>One line; may be called from several threads.</summary>
    void Say(string line);

    /// <summary>Shows a scene while it plays.</summary>
    Task<SceneResult> WatchAsync(string title, string caption, Func<Action<TrafficSnapshot>, Task<SceneResult>> play);

    /// <summary>The closing table.</summary>
    void Close(DemoReport report);
}
