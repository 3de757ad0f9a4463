// Makes the pictures of docs/web when DROVER_PICTURES is set; without it, only sees that they are there.
using Drover.Tests;
using Microsoft.Playwright;

namespace Drover.IntegrationTests.Dashboard;

public sealed class DashboardPictureTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private static readonly string s_folder = Path.Combine(Repository.Root, "docs/web");

    [Theory]
    [InlineData("overview", ColorScheme.Light, false)]
    [InlineData("overview", ColorScheme.Dark, false)]
    [InlineData("overview", ColorScheme.Light, true)]
    [InlineData("statements", ColorScheme.Light, false)]
    [InlineData("tables", ColorScheme.Light, false)]
    [InlineData("pools", ColorScheme.Light, false)]
    [InlineData("pools", ColorScheme.Dark, true)]
    [InlineData("shards", ColorScheme.Dark, false)]
    [InlineData("operations", ColorScheme.Light, false)]
    [InlineData("advice", ColorScheme.Light, false)]
    [InlineData("growth", ColorScheme.Light, false)]
    public async Task Picture_of_the_page(string page, ColorScheme colors, bool isPhone)
    {
        string kind = (isPhone ? "-phone" : "") + (colors == ColorScheme.Dark ? "-dark" : "");
        string file = Path.Combine(s_folder, $"{page}{kind}.png");
        if (Environment.GetEnvironmentVariable("DROVER_PICTURES") is not { Length: > 0 })
        {
            Assert.True(File.Exists(file), $"{file} is missing: DROVER_PICTURES=1 makes it");
            return;
        }
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address, isPhone, colors);
        await view.GoAsync(BrowserStage.PathOf(page));
        if (page == "operations")
        {
            await view.Page.Locator("summary").First.ClickAsync();
        }
        if (page == "growth")
        {
            await view.GoAsync("/growth?limit_gb=500");
        }
        if (page == "statements")
        {
            await view.Page.Locator("button.opener").First.ClickAsync();
        }
        await Task.Delay(2500, TestContext.Current.CancellationToken);
        Directory.CreateDirectory(s_folder);
        await view.Page.ScreenshotAsync(new() { Path = file, Animations = ScreenshotAnimations.Disabled });
    }
}
