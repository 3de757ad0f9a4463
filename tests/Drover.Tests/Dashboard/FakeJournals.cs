// A journal with a conversion that is slowed down and one that is done.
using Drover.App.Dashboard;
using Drover.App.Dashboard.Api;
using Drover.Operations.Journal;
using Drover.Operations.Running;

namespace Drover.Tests.Dashboard;

internal sealed class FakeJournals(TimeProvider time) : IJournals
{
    private static readonly (string Name, string Title, long Rows)[] s_steps =
    [
        ("prepare", "Makes the new table, its partitions and its indexes", 0),
        ("mirror", "Puts triggers on the table that carry every write over", 0),
        ("copy", "Copies the rows in batches", 261_400_000),
        ("verify", "Compares every row of both tables", 0),
        ("cut-over", "Swaps the two tables in one short transaction", 0),
        ("finish", "Drops the old table", 0),
    ];

    public bool HasAny => true;

    public Task<OperationsAnswer> ReadAsync(CancellationToken cancellation)
    {
        DateTimeOffset now = time.GetUtcNow();
        RunReport slowed = Run(12, "public.orders", "running", 2, now) with
        {
            Title = s_steps[2].Title,
            Progress = 0.634,
            Rows = s_steps[2].Rows,
            RowsPerSecond = 41_200,
            EtaSeconds = 3_680,
            ThrottleReason = "replica-b is 11.4 s behind, the limit is 10 s",
            IsRunnerAlive = true,
            Runner = "dba@bastion (4711)",
            HeartbeatAt = now.AddSeconds(-1),
        };
        RunReport done = Run(11, "public.events", "finished", 6, now.AddDays(-3)) with { FinishedAt = now.AddDays(-2) };
        JournalAnswer journal = new("db1.example:5432/shop as drover", null, now, [slowed, done]);
        return Task.FromResult(new OperationsAnswer([journal]));
    }

    private static RunReport Run(long id, string target, string state, int at, DateTimeOffset now) =>
        new()
        {
            Run = id,
            Kind = "partition",
            Target = target,
            Strategy = "copy",
            State = state,
            Step = at < s_steps.Length ? s_steps[at].Name : null,
            IsRunnerAlive = false,
            CreatedAt = now.AddHours(-2),
            Steps =
            [
                .. s_steps.Select(
                    (step, i) =>
                        new StepReport(
                            step.Name,
                            step.Title,
                            i < at ? "done"
                                : i == at ? "running"
                                : "pending",
                            null,
                            i < at ? 1
                                : i == at ? 0.634
                                : 0,
                            i <= at ? step.Rows : 0,
                            0,
                            0,
                            i == at ? "batch 5,231" : null,
                            i <= at ? now.AddHours(-2) : null,
                            i < at ? now.AddHours(-2).AddSeconds(4 + (40 * i)) : null
                        )
                ),
            ],
            Events =
            [
                new EventRow(1, now.AddHours(-2), null, "planned", "partition public.orders by copy, 6 steps"),
                new EventRow(
                    2,
                    now.AddMinutes(-41),
                    "copy",
                    "throttled",
                    "replica-b is 12.9 s behind, the limit is 10 s"
                ),
            ],
        };
}
