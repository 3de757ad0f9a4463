// The web page of a real proxy with a real client, in the browser.
using Drover.IntegrationTests.LocalPostgres;
using Drover.IntegrationTests.Serve;
using Microsoft.Playwright;

namespace Drover.IntegrationTests.Dashboard;

public sealed class RealPageTests(PostgresFixture postgres, BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_is_on_the_page_while_it_is_connected()
    {
        IBrowser browser = fixture.Browser;
        int port = ServeProcess.FindFreePort();
        await using ServeProcess serve = await ServeProcess.StartAsync(
            (await postgres.GetAsync(15)).Port,
            Token,
            new() { ["web_listen"] = $"127.0.0.1:{port}" }
        );
        await using PageView view = await PageView.OpenAsync(browser, new Uri($"http://127.0.0.1:{port}"));
        await view.GoAsync("/pools");
        ILocator page = view.Page.Locator("main");
        await Assertions.Expect(page).ToContainTextAsync("Nobody is connected.");

        string text = serve.ClientString() + ";Application Name=seen-on-the-page;Pooling=false";
        await using (await serve.OpenAsync(Token, text))
        {
            await Assertions.Expect(page).ToContainTextAsync("seen-on-the-page", new() { Timeout = 15_000 });
        }

        await Assertions.Expect(page).ToContainTextAsync("Nobody is connected.", new() { Timeout = 15_000 });
        Assert.Equal([], view.Complaints);
    }
}
