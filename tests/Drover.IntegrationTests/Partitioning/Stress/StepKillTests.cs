// kill -9 at each step of a conversion, there, back, there again, to the end, and while all is undone: resume goes on.
using System.Collections.Concurrent;
using System.Globalization;
using Drover.App.LocalPostgres;
using Drover.IntegrationTests.LocalPostgres;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>
/// At each step one moment in the usual run, chosen by the seed; with DROVER_LONG all four: when it begins, and before,
/// during and after its first commit or statement.
/// </summary>
public sealed class StepKillTests(PostgresFixture postgres)
{
    private const string Pace = "--no-throttle --batch-rows 60";
    private const int Writers = 2;

    private const string MaterializedView = """
        CREATE MATERIALIZED VIEW ledger_months AS
          SELECT date_trunc('month', at) AS month, count(*) AS rows FROM ledger GROUP BY 1;
        CREATE UNIQUE INDEX ledger_months_month ON ledger_months (month);
        """;

    // What a step that has no transactions of its own says to the server; the event that announces it comes first.
    private static readonly Dictionary<string, string> s_statements = new()
    {
        ["build-indexes"] = "CREATE INDEX CONCURRENTLY",
        ["attach-indexes"] = "INDEX",
        ["analyze"] = "ANALYZE ",
        ["validate-restored-keys"] = "VALIDATE CONSTRAINT",
        ["complete-foreign-keys"] = "VALIDATE CONSTRAINT",
    };

    private readonly List<string> _kills = [];

    private static bool IsLong => Environment.GetEnvironmentVariable("DROVER_LONG") is { Length: > 0 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Runner_killed_at_every_step_of_a_conversion_there_and_back_goes_on(int major)
    {
        await KillThroughAsync(
            major,
            async (ledger, random) =>
            {
                await ledger.ExecuteAsync(MaterializedView);
                await StartAsync(ledger);
                await KillAtStepsAsync(ledger, random, "resume", await StepsAsync(ledger, "create-target", "ready"));
                await ToAsync(ledger, "resume", "ready");
                await KillAtStepsAsync(ledger, random, "verify", ["sweep-again", "verify-again"]);
                await ToAsync(ledger, "resume", "ready");
                await KillAtStepsAsync(ledger, random, "cutover", await StepsAsync(ledger, "settle", "watching"));
                await ToAsync(ledger, "resume", "watching");
                await KillAtStepsAsync(ledger, random, "rollback", ["sweep-back", "verify-back", "cut-over-back"]);
                await ToAsync(ledger, "resume", "ready");
                await ToAsync(ledger, "cutover", "watching");
                await KillAtStepsAsync(ledger, random, "finish", ["finish"]);
                // The verb has the step's name: killed before it could ask, nobody has asked yet.
                bool isAsked = await ledger.QueryAsync("SELECT state FROM drover.runs") is not "watching";
                await ToAsync(ledger, isAsked ? "resume" : "finish", "finished");
                Assert.Equal("p", await ledger.QueryAsync("SELECT relkind FROM pg_class WHERE relname = 'ledger'"));
            }
        );
    }

    [Theory]
    [MemberData(nameof(PostgresVersions.All), MemberType = typeof(PostgresVersions))]
    public async Task Runner_killed_while_all_is_undone_goes_on_and_leaves_nothing(int major)
    {
        await KillThroughAsync(
            major,
            async (ledger, random) =>
            {
                await ToAsync(ledger, $"start {Ledger.Plan}", "ready");
                string[] undone = ["verify", "build-indexes", "copy", "install-mirror", "create-target"];
                await KillAtStepsAsync(ledger, random, "abort", undone);
                await ToAsync(ledger, "resume", "aborted");
                Assert.Equal(undone.Length, _kills.Count);
                Assert.Equal(
                    "0",
                    await ledger.QueryAsync(
                        "SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '%drover%' OR relname LIKE 'keys_%') "
                            + "+ (SELECT count(*) FROM pg_trigger WHERE tgname LIKE '!drover%') "
                            + "+ (SELECT count(*) FROM pg_proc WHERE proname LIKE 'mirror_%')"
                    )
                );
            }
        );
    }

    private async Task KillThroughAsync(int major, Func<Ledger, Random, Task> run)
    {
        int seed = int.TryParse(
            Environment.GetEnvironmentVariable("DROVER_STRESS_SEED"),
            CultureInfo.InvariantCulture,
            out int given
        )
            ? given
            : Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"DROVER_STRESS_SEED={seed}");
        (LocalPostgresCluster cluster, string database) = await postgres.CreateDatabaseAsync(major, Token);
        Ledger ledger = new(cluster, database);
        LedgerTally[] tallies =
        [
            .. Enumerable.Range(0, Writers).Select(w => new LedgerTally(w, Writers, 150, new(seed + w))),
        ];
        await ledger.CreateAsync(tallies);
        ConcurrentQueue<string> findings = [];
        using CancellationTokenSource stop = new();
        Task[] writing =
        [
            .. tallies.Select(tally =>
                new LedgerWriter(ledger, tally, seed + tally.Writer, findings).RunAsync(stop.Token)
            ),
        ];
        try
        {
            await run(ledger, new Random(seed));
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writing);
        }
        List<string> wrong = [.. findings, .. await LedgerAudit.CheckAsync(ledger, tallies)];
        Assert.True(
            wrong.Count == 0,
            $"seed {seed}: {string.Join('\n', wrong.Take(20))}\nkilled {string.Join(", ", _kills)}"
        );
        TestContext.Current.TestOutputHelper?.WriteLine($"{_kills.Count} kills: {string.Join(", ", _kills)}");
    }

    // While the journal's tables are made, while the run is written down, and when it is and nobody has heard of it.
    private async Task StartAsync(Ledger ledger)
    {
        foreach (
            KillPoint point in (KillPoint[])
                [
                    new("CREATE SCHEMA drover", KillMoment.After),
                    new("INSERT INTO drover.steps", KillMoment.After, 5),
                    new(KillPoint.Commit, KillMoment.Before, Step: KillPoint.Planned),
                    new(KillPoint.Commit, KillMoment.After, Step: KillPoint.Planned),
                ]
        )
        {
            ProgramEnd end = await ledger.Program.RunAsync($"start {Ledger.Plan} {Pace}", point);
            Assert.True(end.WasKilled, end.ToString());
            _kills.Add($"start {point}");
        }
        Assert.Equal("1", await ledger.QueryAsync("SELECT count(*) FROM drover.runs"));
    }

    // Steps of the plan from one up to a gate, as the journal has them.
    private static async Task<string[]> StepsAsync(Ledger ledger, string first, string gate) =>
        (
            await ledger.QueryAsync(
                $"""
                SELECT string_agg(s.name, ' ' ORDER BY s.ordinal) FROM drover.steps AS s
                WHERE run_id = (SELECT max(id) FROM drover.runs)
                  AND ordinal >= (SELECT ordinal FROM drover.steps WHERE run_id = s.run_id AND name = '{first}')
                  AND ordinal < (SELECT ordinal FROM drover.steps WHERE run_id = s.run_id AND name = '{gate}')
                """
            )
        )!.Split(' ');

    private async Task KillAtStepsAsync(Ledger ledger, Random random, string verb, string[] steps)
    {
        bool isUndone = verb == "abort";
        foreach (string step in steps)
        {
            KillPoint[] points = [.. Points(step, isUndone)];
            foreach (KillPoint point in IsLong ? points : [points[random.Next(points.Length)]])
            {
                await KillAsync(ledger, verb, point);
                verb = "resume";
            }
        }
    }

    private static IEnumerable<KillPoint> Points(string step, bool isUndone)
    {
        (string text, int count) =
            !isUndone && s_statements.TryGetValue(step, out string? statement) ? (statement, 2)
            : !isUndone && step == "build-views" ? ("SET state = 'done'", 1)
            : (KillPoint.Commit, 1);
        return
        [
            new KillPoint(step, KillMoment.Before, Step: step),
            .. Enum.GetValues<KillMoment>().Select(moment => new KillPoint(text, moment, count, step)),
        ];
    }

    private async Task KillAsync(Ledger ledger, string verb, KillPoint point)
    {
        ProgramEnd end = await WhenFreeAsync(ledger, verb, point);
        if (IsLong && !end.WasKilled && point.Step is { } step && await IsDoneAsync(ledger, step))
        {
            // The moment before this one was late enough for the step to be done: in one of two orders, both right.
            return;
        }
        Assert.True(end.WasKilled, $"{point} did not come: {end}");
        _kills.Add($"{verb} {point}");
    }

    private static async Task<bool> IsDoneAsync(Ledger ledger, string step) =>
        await ledger.QueryAsync(
            $"SELECT state IN ('done', 'undone') FROM drover.steps WHERE name = '{step}' ORDER BY run_id DESC LIMIT 1"
        )
            is "t";

    private static async Task ToAsync(Ledger ledger, string verb, string state)
    {
        ProgramEnd end = await WhenFreeAsync(ledger, verb, null);
        bool isClosed = end.ExitCode == 1 && end.Output.Contains($"is {state}", StringComparison.Ordinal);
        Assert.True(end.ExitCode == 0 || isClosed, end.ToString());
        Assert.Equal(state, await ledger.QueryAsync("SELECT state FROM drover.runs ORDER BY id DESC LIMIT 1"));
    }

    // The lease of the one who was killed ends when the server sees it.
    private static async Task<ProgramEnd> WhenFreeAsync(Ledger ledger, string verb, KillPoint? point)
    {
        string command = verb.StartsWith("start", StringComparison.Ordinal)
            ? $"{verb} {Pace}"
            : $"{verb} ledger {Pace}";
        while (true)
        {
            ProgramEnd end = await (
                point is null ? ledger.Program.RunAsync(command) : ledger.Program.RunAsync(command, point)
            );
            if (end.ExitCode != 5)
            {
                return end;
            }
            await Task.Delay(100, Token);
        }
    }
}
