// The page's own files: nothing from elsewhere, nothing written into markup, and the library as npm has it.
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Drover.App.Dashboard;
using Drover.Tests.Tidy;

namespace Drover.Tests.Dashboard;

public sealed partial class AssetTests
{
    private const string Folder = "src/Drover.App/Dashboard/Assets/";

    public static TheoryData<string> Files() =>
        [.. WorkingTree.Files.Where(path => path.StartsWith(Folder, StringComparison.Ordinal))];

    public static TheoryData<string> Pages() => [.. StaticFiles.Pages];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Every_file_is_served_with_its_type(string path)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        using HttpResponseMessage answer = await stage.GetAsync("/static/" + Path.GetFileName(path));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(
            WorkingTree.Read(path),
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)
        );
        string type = answer.Content.Headers.ContentType!.MediaType!;
        Assert.Equal(path.EndsWith(".js", StringComparison.Ordinal), type == "text/javascript");
        string tag = answer.Headers.ETag!.Tag;
        Assert.Equal(
            HttpStatusCode.NotModified,
            await stage.StatusAsync("/static/" + Path.GetFileName(path), ("If-None-Match", tag))
        );
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void No_file_asks_another_host_or_reads_markup(string path)
    {
        if (path.Contains("uPlot", StringComparison.Ordinal))
        {
            return;
        }
        string text = WorkingTree.Read(path).Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal);
        Assert.DoesNotContain("http://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
        Assert.DoesNotMatch(Markup(), text);
        if (path.EndsWith(".html", StringComparison.Ordinal))
        {
            Assert.DoesNotMatch(Inline(), text);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Every_page_is_the_same_document(string page)
    {
        await using DashboardStage stage = await DashboardStage.StartAsync();

        using HttpResponseMessage answer = await stage.GetAsync(page);

        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains(
            "<main id=\"main\"",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    /// <summary>From uplot-1.6.32.tgz of npm; a new version needs its new figures here.</summary>
    [Theory]
    [InlineData("uPlot.iife.min.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f")]
    [InlineData("uPlot.min.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04")]
    public void Library_is_as_npm_has_it(string file, string expected)
    {
        byte[] bytes = File.ReadAllBytes(WorkingTree.FullPath(Folder + file));

        Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    [GeneratedRegex("innerHTML|outerHTML|insertAdjacentHTML|document\\.write|eval\\(|new Function")]
    private static partial Regex Markup();

    [GeneratedRegex("style=|<style|<script(?![^>]*\\ssrc=)|\\son[a-z]+=")]
    private static partial Regex Inline();
}
