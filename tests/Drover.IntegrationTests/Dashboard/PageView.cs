// A page in the browser that notes whatever it complains about.
using System.Text.Json;
using Drover.Tests;
using Microsoft.Playwright;

namespace Drover.IntegrationTests.Dashboard;

/// <summary>
/// Errors on the console (violations of the content policy are among them), exceptions, failed requests, and requests
/// to another host.
/// </summary>
internal sealed class PageView : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Uri _server;
    private readonly List<string> _complaints = [];

    private PageView(IBrowserContext context, IPage page, Uri server)
    {
        _context = context;
        _server = server;
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                _complaints.Add($"console: {message.Text}");
            }
        };
        page.PageError += (_, error) => _complaints.Add($"exception: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_server.AbsoluteUri, StringComparison.Ordinal))
            {
                _complaints.Add($"asked elsewhere: {request.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>What it complained about so far.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    public static async Task<PageView> OpenAsync(
        IBrowser browser,
        Uri server,
        bool isPhone = false,
        ColorScheme colors = ColorScheme.Light
    )
    {
        IBrowserContext context = await browser.NewContextAsync(
            new()
            {
                ViewportSize = isPhone ? new() { Width = 390, Height = 844 } : new() { Width = 1360, Height = 900 },
                DeviceScaleFactor = isPhone ? 2 : 1,
                HasTouch = isPhone,
                ColorScheme = colors,
                ReducedMotion = ReducedMotion.Reduce,
                Locale = "en-GB",
                TimezoneId = "UTC",
                IgnoreHTTPSErrors = true,
            }
        );
        return new PageView(context, await context.NewPageAsync(), server);
    }

    /// <summary>Goes to a path and waits until the page has its figures.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(new Uri(_server, path).AbsoluteUri);
        await SettleAsync();
    }

    /// <summary>Waits until nothing loads any more and the stream is live.</summary>
    public async Task SettleAsync()
    {
        await Assertions.Expect(Page.Locator("#live")).ToContainTextAsync("Live");
        await Assertions.Expect(Page.Locator(".loading")).ToHaveCountAsync(0);
        await Page.EvaluateAsync("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))");
    }

    /// <summary>Violations of axe-core's rules for WCAG 2.2 AA and its best practices, with their places.</summary>
    public async Task<IReadOnlyList<string>> ViolationsAsync()
    {
        string script = Path.Combine(Repository.Root, "tests/axe/node_modules/axe-core/axe.min.js");
        Assert.SkipUnless(File.Exists(script), "axe-core is not there: (cd tests/axe && npm ci)");
        // Through the debugger, which the page's policy does not bind.
        await Page.EvaluateAsync(await File.ReadAllTextAsync(script, TestContext.Current.CancellationToken));
        JsonElement result = await Page.EvaluateAsync<JsonElement>(
            """
            async () => {
              const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
              const { violations } = await axe.run(document, { runOnly: tags });
              const places = (one) => one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`);
              return violations.map((one) => `${one.id}: ${one.help}: ${places(one).join("; ")}`);
            }
            """
        );
        return [.. result.EnumerateArray().Select(static one => one.GetString()!)];
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
