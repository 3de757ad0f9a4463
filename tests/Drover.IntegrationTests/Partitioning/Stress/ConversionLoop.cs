// The operator of the stress run: converts by copying or attaching, cuts over, rolls back and aborts in a loop, and is
// killed on the way.
using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Drover.Partitioning.Conversion.Attaching;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Stress;

/// <summary>Looks in the journal where the run stands, and runs a verb that is right there.</summary>
internal sealed partial class ConversionLoop(Ledger ledger, int seed, ConcurrentQueue<string> findings)
{
    private const string Pace = "--no-throttle --batch-rows 60";
    private const int CommitsMax = 14;
    private const int LifeMsMax = 2500;
    private const int VerbsMax = 60;

    private readonly Random _random = new(seed);
    private bool _isTableChanged;

    /// <summary>Programs that were killed.</summary>
    public int Kills { get; private set; }

    /// <summary>Programs that ended by themselves.</summary>
    public int Ends { get; private set; }

    /// <summary>Cut-overs that were refused since the table was changed.</summary>
    public int Refusals { get; private set; }

    /// <summary>Goes on until <paramref name="isEnough"/>, with kills.</summary>
    public async Task RunAsync(Func<bool> isEnough)
    {
        while (!isEnough() && findings.IsEmpty)
        {
            (string state, bool isAttached) = await StateAsync();
            string verb = Choose(state, isAttached, _random.Next(10));
            Judge(await RunAsync(verb, Kill()));
        }
    }

    /// <summary>
    /// Goes on, with kills, while a transaction stands idle: a cut-over has to wait for it, and so have indexes that
    /// are built beside the writers.
    /// </summary>
    public async Task RunBesideAsync(TimeSpan idle, Disturbances disturbances)
    {
        ledger.Program.Patience += idle;
        disturbances.SparesSessions = true;
        while (findings.IsEmpty)
        {
            Task<bool> standing = disturbances.StandIdleAsync(idle, CancellationToken.None);
            await RunAsync(() => standing.IsCompleted);
            if (await standing)
            {
                return;
            }
        }
    }

    /// <summary>What the journal says of all runs together.</summary>
    public async Task<string> FiguresAsync()
    {
        string? steps = await ledger.QueryAsync(
            """
            SELECT (SELECT count(*) FROM drover.runs) || ' conversions, '
              || count(*) FILTER (WHERE kind = 'step-done' AND step = 'cut-over') || ' cut-overs, '
              || count(*) FILTER (WHERE kind = 'step-done' AND step = 'cut-over-back') || ' rollbacks ('
              || count(*) FILTER (WHERE kind = 'attached') || ' and '
              || count(*) FILTER (WHERE kind = 'detached') || ' by attaching), '
              || count(*) FILTER (WHERE kind = 'aborted') || ' aborts'
            FROM drover.events
            """
        );
        return $"{steps}, {Refusals} refused after DDL; {Kills} programs killed, {Ends} ended";
    }

    /// <summary>Without kills to the end: partitioned, the old table gone.</summary>
    public async Task FinishAsync()
    {
        for (int verbs = 0; findings.IsEmpty; verbs++)
        {
            (string state, bool isAttached) = await StateAsync();
            if (state == "finished")
            {
                return;
            }
            if (verbs == VerbsMax)
            {
                findings.Enqueue($"the conversion does not come to its end: it is {state}");
                return;
            }
            string verb = state switch
            {
                "none" or "aborted" => $"start {Ledger.Plan} {Pace}",
                "watching" when isAttached => $"rollback ledger {Pace}",
                "ready" when isAttached || _isTableChanged => $"abort ledger {Pace}",
                "ready" => $"cutover ledger {Pace}",
                "watching" => $"finish ledger {Pace}",
                _ => $"resume ledger {Pace}",
            };
            Judge(await ledger.Program.RunAsync(verb));
        }
    }

    private string Choose(string state, bool isAttached, int chance) =>
        state switch
        {
            "none" or "aborted" or "finished" when chance % 3 == 0 => $"start {Ledger.AttachPlan} {Pace} --auto",
            "none" or "aborted" or "finished" => $"start {Ledger.Plan} {Pace}{(chance < 5 ? " --auto" : "")}",
            "ready" when _isTableChanged || chance < 2 => $"abort ledger {Pace}",
            "ready" when chance < 4 && !isAttached => $"verify ledger {Pace}",
            "ready" => $"cutover ledger {Pace}",
            "watching" => $"rollback ledger {Pace}",
            _ when chance == 0 => $"abort ledger {Pace}",
            _ => $"resume ledger {Pace}",
        };

    // By the clock, or at a COMMIT: before it, on its way, or when its answer is lost. One in three lives on.
    private object? Kill() =>
        _random.Next(6) switch
        {
            0 => TimeSpan.FromMilliseconds(_random.Next(300, LifeMsMax)),
            1 or 2 or 3 => new KillPoint(KillPoint.Commit, (KillMoment)_random.Next(3), _random.Next(1, CommitsMax)),
            _ => null,
        };

    private Task<ProgramEnd> RunAsync(string verb, object? kill) =>
        kill switch
        {
            TimeSpan life => ledger.Program.RunAsync(verb, life),
            KillPoint point => ledger.Program.RunAsync(verb, point),
            _ => ledger.Program.RunAsync(verb),
        };

    private void Judge(ProgramEnd end)
    {
        if (end.WasKilled)
        {
            Kills++;
            return;
        }
        Ends++;
        _isTableChanged &= !end.Output.Contains("is aborted", StringComparison.Ordinal);
        if (ChangedTable().IsMatch(end.Output))
        {
            Refusals++;
            _isTableChanged = true;
        }
        // 5: the lease of the killed one is still there. 1: it says why, and the reasons that may be are known.
        if (end.ExitCode is not (0 or 5) && !Expected().IsMatch(end.Output))
        {
            findings.Enqueue($"the operator met: {end}");
        }
    }

    // Of the latest run, and whether it attaches.
    private async Task<(string State, bool IsAttached)> StateAsync()
    {
        while (true)
        {
            try
            {
                string? latest = await ledger.QueryAsync("SELECT to_regclass('drover.runs') IS NULL") is "t"
                    ? null
                    : await ledger.QueryAsync(
                        "SELECT state || ' ' || strategy FROM drover.runs ORDER BY id DESC LIMIT 1"
                    );
                string[] words = (latest ?? "none").Split(' ');
                return (words[0], words[^1] == AttachOperation.Strategy);
            }
            catch (Exception away) when (away is NpgsqlException or IOException)
            {
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
    }

    [GeneratedRegex("was changed since the plan was made")]
    private static partial Regex ChangedTable();

    [GeneratedRegex(
        "others' locks|cannot be reached|was changed since the plan|open run already|comes first|can be done at|"
            + "rollback first|is finished|is aborted|is being aborted|is busy with|has been done|"
            + "Try again when it is up|terminating connection|cannot be cleared"
    )]
    private static partial Regex Expected();
}
