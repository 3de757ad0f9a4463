// Which verb can be done where: worked out from the journal's rows alone.
using Drover.Operations.Journal;
using Drover.Operations.Plans;
using Drover.Operations.Running;

namespace Drover.Tests.Operations;

public sealed class RunPositionTests
{
    private static readonly OperationPlan s_plan = new()
    {
        Kind = "toy",
        Target = "public.toy",
        Strategy = "copy",
        Settings = "{}",
        CatalogFingerprint = "",
        Steps =
        [
            Step("work", StepKind.Transaction),
            Step("ready", StepKind.Gate) with
            {
                OpensOn = "cutover",
                GateState = RunState.Ready,
            },
            Step("swap", StepKind.Transaction) with
            {
                UndoneBy = "rollback",
            },
            Step("watching", StepKind.Gate) with
            {
                OpensOn = "finish",
                GateState = RunState.Watching,
            },
            Step("drop", StepKind.Transaction) with
            {
                IsPointOfNoReturn = true,
            },
        ],
        Detours =
        [
            new()
            {
                Verb = "rollback",
                Gates = ["watching"],
                Steps = [Step("swap-back", StepKind.Transaction)],
                ReturnsTo = "ready",
            },
        ],
    };

    [Theory]
    [InlineData(0, "cutover", null)]
    [InlineData(1, "cutover", null)]
    [InlineData(1, "finish", "cutover comes first")]
    [InlineData(3, "cutover", "cutover has been done")]
    [InlineData(3, "finish", null)]
    [InlineData(1, "rollback", "rollback can be done at watching; the run is at ready")]
    [InlineData(3, "rollback", null)]
    [InlineData(1, "abort", null)]
    [InlineData(3, "abort", "step swap is done: rollback first, then abort")]
    [InlineData(5, "abort", "step drop is done and cannot be undone; finish the run")]
    [InlineData(1, "dance", "dance is not a verb of this operation")]
    [InlineData(1, "pause", null)]
    public void Verb_is_possible_or_refused_with_what_to_do(int done, string verb, string? refusal) =>
        Assert.Equal(refusal, At(done).Refuses(verb));

    [Theory]
    [InlineData("rollback", "finish", "the run is busy with rollback")]
    [InlineData("abort", "cutover", "the run is being aborted")]
    public void Detour_is_ended_before_anything_else(string detour, string verb, string refusal) =>
        Assert.Equal(refusal, At(3, detour).Refuses(verb));

    [Fact]
    public void Plan_survives_the_journal()
    {
        string json = PlanJson.Write(s_plan);

        Assert.Equal(json, PlanJson.Write(PlanJson.Read(json)));
        Assert.Contains("\"opens_on\":\"cutover\"", json, StringComparison.Ordinal);
    }

    private static PlanStep Step(string name, StepKind kind) =>
        new()
        {
            Name = name,
            Title = name,
            Kind = kind,
        };

    private static RunPosition At(int done, string? detour = null)
    {
        StepRow[] rows =
        [
            .. s_plan.AllSteps.Select(
                (step, at) =>
                    new StepRow
                    {
                        Name = step.Name,
                        State = at < done && at < s_plan.Steps.Count ? StepState.Done : StepState.Pending,
                        Attempts = 0,
                        Batches = 0,
                        Rows = 0,
                        Bytes = 0,
                        Progress = 0,
                        Rate = 0,
                        BusyMs = 0,
                    }
            ),
        ];
        RunRow run = new()
        {
            Id = 1,
            Kind = s_plan.Kind,
            Target = s_plan.Target,
            Strategy = s_plan.Strategy,
            PlanText = "",
            State = RunState.Running,
            Detour = detour,
            Epoch = 1,
            CreatedAt = default,
            ReadAt = default,
        };
        return new RunPosition(s_plan, run, rows);
    }
}
