// What drover index list writes to a terminal and as JSON.
using System.CommandLine;
using System.Text.Json;
using Drover.Advice;
using Drover.Advice.Findings;
using Drover.App.Commands.Indexes;

namespace Drover.Tests.Advice;

public sealed class IndexTextsTests
{
    private static readonly Recommendation s_advice = new(
        "unused-index",
        "shop.older",
        Gain.Space,
        1,
        "no scan",
        "2 MB",
        "a moment",
        "none",
        "DROP INDEX CONCURRENTLY shop.older",
        "CREATE INDEX CONCURRENTLY older ON shop.orders (a)"
    );

    private static readonly YoungIndex s_young = new(
        "shop.fresh",
        "shop.orders",
        new IndexAge(TimeSpan.FromDays(2.5), IsAtLeast: false, "by commit timestamps")
    );

    [Fact]
    public async Task List_fits_80_columns_and_names_what_is_too_young()
    {
        string text = await WriteAsync(isJson: false);
        string expected = $"""
            {s_advice.Id}  unused-index: shop.older
                      gives 2 MB
                      costs a moment
                      DROP INDEX CONCURRENTLY shop.older
            too young to judge: shop.fresh
                      no scan; built 2.5 days ago, by commit timestamps

            """;
        Assert.Equal(expected, text.ReplaceLineEndings("\n"));
        Assert.All(text.Split('\n'), static line => Assert.True(line.Length <= 80, line));
    }

    [Fact]
    public async Task Json_has_what_is_too_young_apart_from_what_is_advised()
    {
        using JsonDocument json = JsonDocument.Parse(await WriteAsync(isJson: true));
        Assert.Equal(1, json.RootElement.GetProperty("indexes").GetArrayLength());
        JsonElement young = json.RootElement.GetProperty("too_young")[0];
        Assert.Equal("shop.fresh", young.GetProperty("index").GetString());
        Assert.Equal("shop.orders", young.GetProperty("table").GetString());
        Assert.Equal(2.5, young.GetProperty("days").GetDouble());
        Assert.Equal("by commit timestamps", young.GetProperty("source").GetString());
    }

    private static async Task<string> WriteAsync(bool isJson)
    {
        await using StringWriter output = new();
        RootCommand root = new();
        root.SetAction((parsed, _) => new IndexTexts(parsed, isJson).WriteListAsync([s_advice], [s_young], null));
        await root.Parse([])
            .InvokeAsync(new InvocationConfiguration { Output = output }, TestContext.Current.CancellationToken);
        return output.ToString();
    }
}
