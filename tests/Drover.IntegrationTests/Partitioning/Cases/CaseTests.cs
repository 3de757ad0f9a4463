// Every hard case of tests/cases/partition, on the oldest and the newest PostgreSQL.
namespace Drover.IntegrationTests.Partitioning.Cases;

public sealed class CaseTests(CaseRuns runs) : IClassFixture<CaseRuns>
{
    [Theory]
    [MemberData(nameof(CaseRuns.All), MemberType = typeof(CaseRuns))]
    public Task Case_comes_out_as_its_directory_says(string name, int major)
    {
        ConversionCase @case = ConversionCase.All.Single(one => one.Name == name);
        Assert.SkipWhen(@case.IsPassedOver, $"open: {@case.OpenReason}");
        return runs.RunAsync(name, major);
    }
}
