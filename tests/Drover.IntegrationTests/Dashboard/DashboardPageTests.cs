// The web page in a browser, on a desk and on a phone: every page has its figures, and nothing complains.
using Drover.Configuration;
using Microsoft.Playwright;

namespace Drover.IntegrationTests.Dashboard;

public sealed class DashboardPageTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private static readonly (string Page, string Shows)[] s_pages =
    [
        ("overview", "shop-primary"),
        ("statements", "UPDATE products SET stock"),
        ("tables", "public.order_items"),
        ("pools", "billing"),
        ("shards", "shop_3"),
        ("operations", "Copies the rows in batches"),
        ("advice", "ALTER TABLE public.events"),
        ("growth", "to the power of 1."),
    ];

    public static TheoryData<string, bool> PagesAndSizes()
    {
        TheoryData<string, bool> data = [];
        foreach ((string page, _) in s_pages)
        {
            data.Add(page, false);
            data.Add(page, true);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(PagesAndSizes))]
    public async Task Page_shows_its_figures_and_nothing_complains(string page, bool isPhone)
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address, isPhone);

        await view.GoAsync(BrowserStage.PathOf(page));

        string shows = s_pages.Single(one => one.Page == page).Shows;
        await Assertions.Expect(view.Page.Locator("main")).ToContainTextAsync(shows);
        await Assertions.Expect(view.Page.Locator(".failed")).ToHaveCountAsync(0);
        Assert.Equal([], view.Complaints);
        // Nothing but what scrolls by itself is wider than the screen.
        Assert.True(
            await view.Page.EvaluateAsync<bool>(
                "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ),
            "the page is wider than the screen"
        );
    }

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    public async Task Every_page_keeps_the_rules_of_accessibility(ColorScheme colors, bool isPhone)
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address, isPhone, colors);
        List<string> violations = [];

        foreach ((string page, _) in s_pages)
        {
            await view.GoAsync(BrowserStage.PathOf(page));
            if (page is "statements" or "tables")
            {
                await view.Page.Locator("button.opener").First.ClickAsync();
            }
            violations.AddRange((await view.ViolationsAsync()).Select(one => $"{page}: {one}"));
        }

        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Fact]
    public async Task Pages_without_data_say_what_to_configure()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync(isEmpty: true);
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);

        foreach (string page in new[] { "overview", "statements", "tables", "operations", "advice", "growth" })
        {
            await view.GoAsync(BrowserStage.PathOf(page));
            await Assertions.Expect(view.Page.Locator(".empty code")).ToContainTextAsync("postgres://");
            Assert.Equal([], await view.ViolationsAsync());
        }
        Assert.Equal([], view.Complaints);
    }

    [Fact]
    public async Task Bill_is_above_the_growth_and_without_prices_the_page_says_how_to_have_one()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address, isPhone: true);
        await view.GoAsync("/growth");
        ILocator main = view.Page.Locator("main");

        await Assertions.Expect(main.Locator("h1")).ToHaveTextAsync("Cost and growth");
        await Assertions.Expect(main.Locator(".bill")).ToContainTextAsync("2,513.20 EUR a month, – per TB");
        await Assertions.Expect(main.Locator("tr[data-id='shop-primary']").First).ToContainTextAsync("2,413.20");
        await Assertions.Expect(main).ToContainTextAsync("to the power of 1.");
        Assert.Equal([], view.Complaints);
        await using BrowserStage empty = await BrowserStage.StartAsync(isEmpty: true);
        await using PageView without = await PageView.OpenAsync(browser, empty.Address);
        await without.GoAsync("/growth");
        await Assertions.Expect(without.Page.Locator("main")).ToContainTextAsync("write [prices.servers.NAME]");
    }

    [Fact]
    public async Task Statement_opens_to_its_plans_and_what_changed()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        await view.GoAsync("/statements");
        await Assertions.Expect(view.Page.Locator("main .badge")).ToHaveCountAsync(1);
        await Assertions.Expect(view.Page.Locator("main .badge")).ToContainTextAsync("another plan since");
        await view.Page.Locator("button.opener").First.ClickAsync();
        ILocator plans = view.Page.Locator(".plans details");

        await Assertions.Expect(plans).ToHaveCountAsync(2);
        await Assertions
            .Expect(plans.First)
            .ToContainTextAsync("Changed: Index Scan using orders_created_idx → Seq Scan on public.orders");
        await Assertions.Expect(plans.First.Locator("pre")).ToContainTextAsync("Filter: (created_at >= $1)");
        // The one before is there to be opened.
        await Assertions.Expect(plans.Last.Locator("pre")).ToBeHiddenAsync();
        await plans.Last.Locator("summary").ClickAsync();
        await Assertions.Expect(plans.Last.Locator("pre")).ToContainTextAsync("orders_created_idx");
        Assert.Equal([], await view.ViolationsAsync());
        Assert.Equal([], view.Complaints);
    }

    [Fact]
    public async Task Partitions_are_one_row_that_opens_to_them()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        await view.GoAsync("/tables");
        ILocator main = view.Page.Locator("main");
        ILocator events = main.Locator("tr[data-id='public.events']");

        await Assertions.Expect(events).ToContainTextAsync("2 partitions");
        await Assertions.Expect(events).ToContainTextAsync("17\u202fGB");
        await Assertions.Expect(main.Locator("tr[data-id='public.events_p2026_10']")).ToHaveCountAsync(0);
        await events.Locator("button.opener").ClickAsync();
        ILocator partition = main.Locator("tr[data-id='public.events_p2026_10']");
        await Assertions.Expect(partition).ToContainTextAsync("10\u202fGB");
        await partition.Locator("button.opener").ClickAsync();
        await Assertions.Expect(main.Locator("canvas").First).ToBeVisibleAsync();
        Assert.Equal([], await view.ViolationsAsync());
        // A partition's name finds the table that it is of.
        await main.Locator("input[type=search]").FillAsync("p2026_11");
        await Assertions.Expect(events).ToHaveCountAsync(1);
        await Assertions.Expect(main.Locator("tr[data-id='public.orders']")).ToHaveCountAsync(0);
        Assert.Equal([], view.Complaints);
    }

    [Fact]
    public async Task Figures_move_without_a_reload()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        await view.GoAsync("/");

        for (int i = 0; i < 61; i++)
        {
            stage.Stage.Proxy.PoolList.Add(stage.Stage.Proxy.PoolList[0] with { User = $"u{i}", ClientsWaiting = 10 });
        }

        await Assertions.Expect(view.Page.Locator(".tile").Nth(3)).ToContainTextAsync("617");
    }

    [Fact]
    public async Task Values_that_stop_are_marked_and_come_back()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage first = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, first.Address);
        ILocator live = view.Page.Locator("#live");
        await view.GoAsync("/pools");

        await first.DisposeAsync();
        await Assertions.Expect(live).ToContainTextAsync("No values for", new() { Timeout = 20_000 });
        await Assertions.Expect(view.Page.Locator("main")).ToContainTextAsync("billing");
        WebOptions same = new() { WebListen = $"127.0.0.1:{first.Address.Port}" };
        await using BrowserStage second = await BrowserStage.StartAsync(options: same);

        await Assertions.Expect(live).ToHaveTextAsync("Live", new() { Timeout = 20_000 });
    }

    [Fact]
    public async Task Everything_is_reached_by_keyboard()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        IPage page = view.Page;
        await view.GoAsync("/");

        await page.Keyboard.PressAsync("Tab");
        await Assertions.Expect(page.Locator(":focus")).ToHaveTextAsync("Skip to the page");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("main")).ToBeFocusedAsync();
        // To the menu, its second entry, and the page that it names: the heading is told.
        await page.Locator("#nav a").First.FocusAsync();
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToBeFocusedAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Statements");
        Assert.EndsWith("/statements", page.Url, StringComparison.Ordinal);
        // A row opens and closes, and keeps the keyboard.
        ILocator opener = page.Locator("button.opener").First;
        await opener.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("tr.detail")).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator("button.opener").First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("tr.detail")).ToHaveCountAsync(0);
        // A head sorts, and says which way.
        await page.GetByRole(AriaRole.Button, new() { Name = "Calls" }).FocusAsync();
        await page.Keyboard.PressAsync("Space");
        await Assertions
            .Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "Calls" }))
            .ToHaveAttributeAsync("aria-sort", "descending");
        await page.GoBackAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Overview");
        Assert.Equal([], view.Complaints);
    }

    [Fact]
    public async Task Focus_is_always_seen()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        await view.GoAsync("/pools");

        for (int i = 0; i < 25; i++)
        {
            await view.Page.Keyboard.PressAsync("Tab");
            string outline = await view.Page.EvaluateAsync<string>(
                """
                () => {
                  const style = getComputedStyle(document.activeElement);
                  return `${document.activeElement.tagName} ${style.outlineStyle} ${style.outlineWidth}`;
                }
                """
            );
            Assert.EndsWith("solid 2px", outline, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Colours_are_chosen_and_kept()
    {
        IBrowser browser = fixture.Browser;
        await using BrowserStage stage = await BrowserStage.StartAsync();
        await using PageView view = await PageView.OpenAsync(browser, stage.Address, colors: ColorScheme.Dark);
        await view.GoAsync("/pools");
        string dark = await BackgroundAsync(view.Page);

        await view.Page.Locator("#theme").ClickAsync();
        await Assertions.Expect(view.Page.Locator("#theme")).ToHaveTextAsync("Colours: light");
        string light = await BackgroundAsync(view.Page);
        await view.Page.ReloadAsync();

        Assert.NotEqual(dark, light);
        Assert.Equal(light, await BackgroundAsync(view.Page));
        Assert.Equal([], view.Complaints);
    }

    [Fact]
    public async Task Token_opens_the_page_and_logging_out_closes_it()
    {
        IBrowser browser = fixture.Browser;
        string file = Path.Combine(Directory.CreateTempSubdirectory("drover-web").FullName, "token");
        await File.WriteAllTextAsync(file, "a-token-for-the-tests\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        WebOptions options = new() { WebListen = "127.0.0.1:0", WebTokenFile = file };
        await using BrowserStage stage = await BrowserStage.StartAsync(options: options);
        await using PageView view = await PageView.OpenAsync(browser, stage.Address);
        IPage page = view.Page;

        await page.GotoAsync(new Uri(stage.Address, "/pools").AbsoluteUri);
        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/login"));
        Assert.Equal([], await view.ViolationsAsync());
        await page.GetByLabel("Token").FillAsync("not-the-token-of-the-tests");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("That is not the token.");
        await page.GetByLabel("Token").FillAsync("a-token-for-the-tests");
        await page.Keyboard.PressAsync("Enter");
        await view.SettleAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Pools and clients");
        await page.GetByRole(AriaRole.Button, new() { Name = "Log out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Token")).ToBeVisibleAsync();
        await page.GotoAsync(stage.Address.AbsoluteUri);
        await Assertions.Expect(page.GetByLabel("Token")).ToBeVisibleAsync();
        // The browser itself notes the answer 401 to the wrong token, and nothing else.
        Assert.All(view.Complaints, one => Assert.Contains("401", one, StringComparison.Ordinal));
    }

    private static Task<string> BackgroundAsync(IPage page) =>
        page.EvaluateAsync<string>("() => getComputedStyle(document.body).backgroundColor");
}
