// An operation with every kind of step, whose result shows each step that was done twice, or not at all.
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Connections;
using Drover.Operations.Plans;

namespace Drover.IntegrationTests.Operations;

/// <summary>
/// Copies <c>public.toy</c>, builds an index, renames at the gate, renames back on request. The copy has no unique key,
/// and every transaction adds to a tally, so that work done twice stays visible.
/// </summary>
/// <param name="plan">As it was journaled.</param>
/// <param name="at">Called at named points inside the steps, such as <c>copy:3</c> and <c>copy:3+</c> before its
/// end.</param>
internal sealed class ToyOperation(OperationPlan plan, Func<string, CancellationToken, Task> at) : IOperation
{
    public const string Target = "public.toy";
    public const int Rows = 1000;
    public const int BatchRows = 100;

    /// <summary>The table and the tally that a test begins with.</summary>
    public const string Setup = """
        CREATE TABLE public.toy (id int PRIMARY KEY, v text);
        INSERT INTO public.toy SELECT g, 'row ' || g FROM generate_series(1, 1000) g;
        CREATE TABLE public.toy_tally (what text)
        """;

    public OperationPlan Plan { get; } = plan;

    public static OperationPlan MakePlan() =>
        new()
        {
            Kind = "toy",
            Target = Target,
            Strategy = "copy",
            Settings = "{}",
            CatalogFingerprint = "none",
            Steps = Steps(),
            Detours = Detours(),
        };

    public IStepCode? FindCode(string step) =>
        step switch
        {
            "copy" => new CopyStep(at),
            "index" => new IndexStep(at),
            "swap" => new SwapStep(at, isForward: true),
            "swap-back" => new SwapStep(at, isForward: false),
            "verify" => new VerifyStep(),
            "ready" => new ReadyStep(at),
            _ => null,
        };

    private static IReadOnlyList<PlanStep> Steps() =>
        [
            new()
            {
                Name = "create",
                Title = "Create the copy",
                Kind = StepKind.Transaction,
                Sql = ["CREATE TABLE public.toy_copy (id int, v text)", Tally("create")],
                Undo = ["DROP TABLE IF EXISTS public.toy_copy", Tally("undo create")],
            },
            new()
            {
                Name = "copy",
                Title = "Copy rows",
                Kind = StepKind.Batches,
            },
            new()
            {
                Name = "index",
                Title = "Build an index",
                Kind = StepKind.Autocommit,
                LockTimeout = TimeSpan.Zero,
                TimeLimit = TimeSpan.FromMinutes(10),
            },
            new()
            {
                Name = "ready",
                Title = "Waits for cutover",
                Kind = StepKind.Gate,
                GateState = RunState.Ready,
                OpensOn = "cutover",
            },
            new()
            {
                Name = "swap",
                Title = "Swap the names",
                Kind = StepKind.Transaction,
                Locks = [new(TableLockMode.AccessExclusive, Target)],
                UndoneBy = "rollback",
                GivesUpTo = "ready",
            },
            new()
            {
                Name = "watching",
                Title = "Waits for finish",
                Kind = StepKind.Gate,
                GateState = RunState.Watching,
                OpensOn = "finish",
            },
            new()
            {
                Name = "finish",
                Title = "Drop the old table",
                Kind = StepKind.Transaction,
                Sql = ["DROP TABLE public.toy_old", Tally("finish")],
                IsPointOfNoReturn = true,
            },
        ];

    private static IReadOnlyList<Detour> Detours() =>
        [
            new()
            {
                Verb = "rollback",
                Gates = ["watching"],
                Steps =
                [
                    new()
                    {
                        Name = "swap-back",
                        Title = "Swap back",
                        Kind = StepKind.Transaction,
                    },
                ],
                ReturnsTo = "ready",
            },
            new()
            {
                Verb = "verify",
                Gates = ["ready"],
                Steps =
                [
                    new()
                    {
                        Name = "verify",
                        Title = "Compare",
                        Kind = StepKind.Batches,
                    },
                ],
            },
        ];

    private static string Tally(string what) => $"INSERT INTO public.toy_tally VALUES ('{what}')";

    private sealed class CopyStep(Func<string, CancellationToken, Task> at) : IBatchStep
    {
        public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken)
        {
            int from = int.Parse(context.Cursor ?? "0", CultureInfo.InvariantCulture);
            await at($"copy:{context.Number}", cancellationToken);
            int rows = await context.Connection.ExecuteAsync(
                "INSERT INTO public.toy_copy SELECT * FROM public.toy WHERE id > $1 AND id <= $2",
                [from, from + BatchRows],
                cancellationToken
            );
            await context.Connection.ExecuteAsync(Tally($"copy:{context.Number}"), [], cancellationToken);
            await at($"copy:{context.Number}+", cancellationToken);
            int to = from + BatchRows;
            return new(rows, rows * 10, to >= Rows, (double)to / Rows, to.ToString(CultureInfo.InvariantCulture));
        }
    }

    private sealed class IndexStep(Func<string, CancellationToken, Task> at) : IAutocommitStep
    {
        public async Task<IReadOnlyList<AutocommitStatement>> ListAsync(
            StepContext context,
            CancellationToken cancellationToken
        )
        {
            await at("index", cancellationToken);
            return
            [
                new(
                    "CREATE INDEX CONCURRENTLY toy_copy_v ON public.toy_copy (v)",
                    "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('public.toy_copy_v')",
                    ["DROP INDEX CONCURRENTLY IF EXISTS public.toy_copy_v"]
                ),
            ];
        }
    }

    private sealed class ReadyStep(Func<string, CancellationToken, Task> at) : IGateStep
    {
        public async Task<BatchResult> TendAsync(BatchContext context, CancellationToken cancellationToken)
        {
            await at("ready", cancellationToken);
            return new(0, 0, IsDone: true, Progress: 1);
        }
    }

    private sealed class SwapStep(Func<string, CancellationToken, Task> at, bool isForward) : ITransactionStep
    {
        public async Task RunAsync(StepContext context, CancellationToken cancellationToken)
        {
            await at(context.Step.Name, cancellationToken);
            (string away, string back) = isForward ? ("toy_old", "toy_copy") : ("toy_copy", "toy_old");
            await context.Connection.ExecuteAsync(
                $"ALTER TABLE public.toy RENAME TO {away}; ALTER TABLE public.{back} RENAME TO toy;"
                    + Tally(context.Step.Name),
                [],
                cancellationToken
            );
            await at($"{context.Step.Name}+", cancellationToken);
        }
    }

    private sealed class VerifyStep : IBatchStep
    {
        public async Task<BatchResult> RunBatchAsync(BatchContext context, CancellationToken cancellationToken) =>
            await context.Connection.ScalarAsync(
                "SELECT count(*) FROM ((TABLE public.toy EXCEPT ALL TABLE public.toy_copy) UNION ALL "
                    + "(TABLE public.toy_copy EXCEPT ALL TABLE public.toy)) d",
                [],
                cancellationToken
            )
                is 0L
                ? new(Rows, 0, IsDone: true, Progress: 1, Chunk: """{"equal": true}""")
                : throw new OperationException("the tables differ", OperationOutcome.Differences);
    }
}
