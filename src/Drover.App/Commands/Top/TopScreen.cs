// drover top on a terminal: a picture every interval, and keys in between.
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Drover.App.Commands.Top;

/// <summary>Draws with Spectre.Console until q is pressed.</summary>
internal sealed class TopScreen(TopSource source, TimeSpan interval, IAnsiConsole console)
{
    private static readonly TimeSpan s_keyPeriod = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs; ends with q or when it is cancelled.</summary>
    public async Task RunAsync(TopPicture first, TopSettings settings, CancellationToken cancellation)
    {
        settings = settings with { HasKeys = true };
        TopPicture picture = first;
        await console
            .Live(Render(picture, settings))
            .Overflow(VerticalOverflow.Crop)
            .StartAsync(async live =>
            {
                Task<TopPicture>? taking = null;
                long taken = TimeProvider.System.GetTimestamp();
                while (true)
                {
                    bool isChanged = false;
                    while (console.Input.IsKeyAvailable())
                    {
                        ConsoleKeyInfo? key = console.Input.ReadKey(intercept: true);
                        if (key?.KeyChar is 'q' or 'Q')
                        {
                            return;
                        }
                        settings = After(settings, key?.KeyChar ?? ' ');
                        isChanged = true;
                    }
                    // A server that does not answer holds up the picture, not the keys.
                    bool isDue = TimeProvider.System.GetElapsedTime(taken) >= interval && !settings.IsPaused;
                    if (taking is null && isDue)
                    {
                        taken = TimeProvider.System.GetTimestamp();
                        taking = source.TakeAsync(cancellation);
                    }
                    if (taking is { IsCompleted: true })
                    {
                        picture = await taking;
                        taking = null;
                        isChanged = true;
                    }
                    if (isChanged)
                    {
                        live.UpdateTarget(Render(picture, settings));
                        live.Refresh();
                    }
                    await Task.Delay(s_keyPeriod, cancellation);
                }
            });
    }

    /// <summary>The settings after a key.</summary>
    public static TopSettings After(TopSettings settings, char key) =>
        key switch
        {
            'p' or 'P' => settings with { IsPaused = !settings.IsPaused },
            't' => settings with { Order = TopOrder.Time },
            'c' => settings with { Order = TopOrder.Calls },
            'm' => settings with { Order = TopOrder.Mean },
            'r' => settings with { Order = TopOrder.Rows },
            _ => settings,
        };

    private Rows Render(TopPicture picture, TopSettings settings)
    {
        // A line as wide as the terminal would make some go on to the next.
        int width = console.Profile.Width - 1;
        IEnumerable<IRenderable> lines = TopView
            .Draw(picture, settings, width, console.Profile.Height - 1)
            .Select(static line => new Text(line.Text.Length > 0 ? line.Text : " ", StyleOf(line.Style)));
        return new Rows(lines);
    }

    private static Style StyleOf(TopStyle style) =>
        style switch
        {
            TopStyle.Heading => new Style(decoration: Decoration.Bold),
            TopStyle.Alarm => new Style(Color.Red),
            TopStyle.Quiet => new Style(decoration: Decoration.Dim),
            _ => Style.Plain,
        };
}
