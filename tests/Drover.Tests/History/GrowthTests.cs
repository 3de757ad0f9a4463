// The story's own figures, known curves, and files with mistakes in them.
using Drover.App.Commands;
using Drover.History.Growth;

namespace Drover.Tests.History;

public sealed class GrowthTests
{
    // STORY.md: size in TB and mean query in ms.
    private const string Story = """
        # the story's growth
        time,size_tb,query_ms
        2022-01,2.0,200
        2022-06,4.2,380
        2023-01,8.5,920
        2023-06,18,2400
        2024-01,32,4800
        2024-06,45,7200
        2025-01,50,8500
        """;

    [Fact]
    public void Latency_of_the_story_grows_with_size_to_the_1_2_and_not_with_its_square()
    {
        PowerLaw law = PowerLaw.Of(GrowthCsv.Read(Story), static point => point.QueryMs)!;
        Assert.Equal(1.2, law.Exponent, 1);
        Assert.Equal(1.189, law.Exponent, 3);
        Assert.Equal((1.117, 1.261), (Math.Round(law.Low, 3), Math.Round(law.High, 3)));
        Assert.True(law.High < 2);
        Assert.Equal(7, law.Points);
    }

    [Fact]
    public void Size_of_the_story_grows_by_one_and_a_half_terabytes_a_month()
    {
        GrowthReport report = GrowthReport.Of(GrowthCsv.Read(Story), new GrowthLimits(64e12, 10_000, null, null));
        GrowthLine size = report.Lines[0];
        Assert.Equal(GrowthShape.Linear, size.Trend!.Shape);
        Assert.Equal(1.48, size.Trend.MonthlyGain / 1e12, 2);
        LimitDay day = size.Limit!;
        Assert.False(day.IsPast);
        Assert.InRange(day.Day!.Value, new DateOnly(2025, 6, 1), new DateOnly(2026, 6, 1));
        Assert.True(day.Earliest < day.Day && day.Day < day.Latest);
        Assert.DoesNotContain(report.Lines, static line => line.Name == "connections");
        string text = GrowthText.Write(report);
        Assert.Contains("query time grows with size^1.19 (1.12 to 1.26, 95 %, 7 days, R² 1.00)", text);
        Assert.Contains("64 TB is reached on ", text);
    }

    [Fact]
    public void A_straight_line_is_found_and_its_limit_is_exact()
    {
        GrowthPoint[] points = [.. Days(10, static day => 100 + (5.0 * day))];
        GrowthTrend trend = GrowthTrend.Of(points, static point => point.Bytes)!;
        Assert.Equal((GrowthShape.Linear, 5.0), (trend.Shape, Math.Round(trend.Line.Slope, 9)));
        // 100 + 5 · 40 = 300
        Assert.Equal(new DateOnly(2025, 1, 1).AddDays(40), trend.Reach(300 - 1e-6).Day);
        Assert.Equal(trend.Reach(300 - 1e-6).Earliest, trend.Reach(300 - 1e-6).Latest);
        Assert.True(trend.Reach(145).IsPast);
    }

    [Fact]
    public void An_exponential_is_found_and_doubles_when_it_does()
    {
        GrowthPoint[] points = [.. Days(365, static day => 1e9 * Math.Pow(2, day / 91.3125))];
        GrowthTrend trend = GrowthTrend.Of(points, static point => point.Bytes)!;
        Assert.Equal(GrowthShape.Exponential, trend.Shape);
        Assert.Equal(3.0, trend.DoublingMonths!.Value, 6);
        Assert.Equal(new DateOnly(2025, 1, 1).AddDays((int)Math.Ceiling(10 * 91.3125)), trend.Reach(1e9 * 1024).Day);
    }

    [Fact]
    public void What_shrinks_reaches_no_limit_and_what_is_noise_may_never()
    {
        GrowthPoint[] shrinking = [.. Days(10, static day => 1000 - day)];
        LimitDay never = GrowthTrend.Of(shrinking, static point => point.Bytes)!.Reach(2000);
        Assert.Equal((null, null, null), (never.Day, never.Earliest, never.Latest));
        double[] noise = [10, 14, 9, 13, 11, 15, 10];
        LimitDay perhaps = GrowthTrend.Of([.. Days(7, day => noise[day])], static point => point.Bytes)!.Reach(20);
        Assert.NotNull(perhaps.Earliest);
        Assert.Null(perhaps.Latest);
    }

    [Fact]
    public void Two_days_are_no_trend()
    {
        GrowthPoint[] points = [.. Days(2, static day => 100 + day)];
        Assert.Null(GrowthTrend.Of(points, static point => point.Bytes));
        Assert.Null(PowerLaw.Of(points, static point => point.QueryMs));
        Assert.Contains("fewer than 3 days", GrowthText.Write(GrowthReport.Of(points, new(null, null, null, null))));
    }

    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(5, 2.571)]
    [InlineData(30, 2.042)]
    [InlineData(60, 2.000)]
    [InlineData(1000, 1.962)]
    public void Student_is_that_of_the_tables(int freedom, double quantile) =>
        Assert.Equal(quantile, LeastSquares.Student(freedom), 0.002);

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("size_gb\n1", "there is no column time")]
    [InlineData("time,size\n2024-01,1", "column 'size' is not known")]
    [InlineData("time,size_gb,size_tb\n", "a column is there twice")]
    [InlineData("time,size_gb\n2024-01", "line 2: 1 values for 2 columns")]
    [InlineData("time,size_gb\n\n2024-01,much", "line 3: size_gb 'much' is not a number")]
    [InlineData("time,size_gb\n2024-01,-1", "is not a number from 0")]
    [InlineData("time,size_gb\nJanuary the first,1", "is not a day")]
    public void A_mistake_in_a_file_is_told_with_its_line(string text, string expected)
    {
        FormatException wrong = Assert.Throws<FormatException>(() => GrowthCsv.Read(text));
        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_other_programs_are_read()
    {
        IReadOnlyList<GrowthPoint> points = GrowthCsv.Read(
            "\uFEFFTime;Size_GB;Rows;P95_ms\r\n\"2024-02-01 03:00:00Z\";2;;850\r\n2024-01-01;1;10;\r\n"
        );
        Assert.Equal(new GrowthPoint(new DateOnly(2024, 1, 1), 1e9, 10), points[0]);
        Assert.Equal(new GrowthPoint(new DateOnly(2024, 2, 1), 2e9, P95Ms: 850), points[1]);
    }

    [Theory]
    [InlineData("64TB", 64e12)]
    [InlineData("1.5 gb", 1.5e9)]
    [InlineData("100", 100.0)]
    [InlineData("much", null)]
    [InlineData("-1GB", null)]
    public void A_size_is_read(string text, double? bytes) => Assert.Equal(bytes, GrowthText.SizeOf(text));

    private static IEnumerable<GrowthPoint> Days(int count, Func<int, double> bytes) =>
        Enumerable.Range(0, count).Select(day => new GrowthPoint(new DateOnly(2025, 1, 1).AddDays(day), bytes(day)));
}
