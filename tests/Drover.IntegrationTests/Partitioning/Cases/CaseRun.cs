// One case on one server, from its table to the end of its conversion and everything that must be true on the way.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Operations;
using Drover.Operations.Plans;
using Drover.Operations.Running;
using Drover.Partitioning.Catalog;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Cases;

/// <summary>Runs a case.</summary>
internal sealed class CaseRun : IAsyncDisposable
{
    // Transactions of the application before the next thing happens.
    private const int Some = 12;

    private readonly ConversionCase _case;
    private readonly CaseDatabase _database;
    private readonly CaseConversion _conversion;
    private readonly CaseTraffic _traffic;
    private readonly CaseOptions _options;
    private readonly CancellationToken _stop;
    private string? _file;

    private CaseRun(ConversionCase @case, CaseDatabase database, CaseTraffic traffic, CancellationToken stop)
    {
        (_case, _database, _traffic, _stop) = (@case, database, traffic, stop);
        _conversion = new CaseConversion(database, stop);
        _options = new CaseOptions(@case.Options);
    }

    private QualifiedName Table => _conversion.Layout.Table;

    private QualifiedName Old => _conversion.Layout.OldTable;

    private QualifiedName New => _conversion.Layout.NewTable;

    /// <summary>Makes the case's database, and runs it to its end.</summary>
    public static async Task RunAsync(PostgresFixture postgres, int major, string name, CancellationToken stop)
    {
        ConversionCase @case = ConversionCase.Open(name);
        await using CaseDatabase database = await CaseDatabase.CreateAsync(postgres, major, @case, stop);
        await using CaseTraffic traffic = await CaseTraffic.StartAsync(@case, database, stop);
        await using CaseRun run = new(@case, database, traffic, stop);
        try
        {
            await run.RunAsync();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException(
                $"{failure.Message}\n{await run._conversion.ReadEventsAsync()}",
                failure
            );
        }
    }

    public async ValueTask DisposeAsync() => await _conversion.DisposeAsync();

    private Task RunAsync() =>
        _case.Result switch
        {
            CaseResult.Refused => RefuseAsync(_case.Allowed),
            CaseResult.Stopped => StopAsync(),
            _ => ConvertAsync(),
        };

    private async Task RefuseAsync(IReadOnlyList<string> allowed)
    {
        string before = await _database.DescribeAsync(isExact: true);
        IReadOnlyList<Finding> obstacles = await _conversion.PlanAsync(_options, allowed);
        Assert.True(obstacles.Any(finding => finding.Code == _case.Finding), Describe(obstacles));
        Assert.Equal(before, await _database.DescribeAsync(isExact: true));
        await _database.AssertNothingIsLeftAsync();
    }

    /// <summary>
    /// 1. refused without the consent; 2. copied, verified; 3. cut over under writes; 4. rolled back under writes; 5.
    /// cut over again, in peace, so that both sides can be compared; 6. finished under writes. Both tables are compared
    /// row by row after each, and everything around the table must be as it was.
    /// </summary>
    private async Task ConvertAsync()
    {
        if (_case.Result == CaseResult.Consent)
        {
            // So that pg_stat_statements knows the application.
            _traffic.Resume();
            await _traffic.WorkAsync(Some);
            await RefuseWithoutConsentAsync();
        }
        string exact = await _database.DescribeAsync(isExact: true);
        string around = await _database.DescribeAsync(isExact: false);
        await StartAsync();

        await _conversion.RunToAsync(RunState.Ready);
        await PauseAsync(leader: Table, follower: New, "when it is ready");
        string? check = await CheckAsync();

        ResumeUnlessOver();
        await _conversion.OpenAsync("cutover", RunState.Watching);
        await _traffic.WorkAsync(Some);
        await PauseAsync(leader: Table, follower: Old, "after the cut-over");
        await AssertAroundAsync(around, "after the cut-over");
        if (_case.During.Length == 0)
        {
            Assert.Equal(check, await CheckAsync());
        }
        if (_case.After is { } after)
        {
            await WriteAsync(after);
        }
        await PauseAsync(leader: Table, follower: Old, "after later writes");

        ResumeUnlessOver();
        await _conversion.RequestAsync("rollback", RunState.Ready);
        _traffic.Resume();
        await _traffic.WorkAsync(Some);
        await PauseAsync(leader: Table, follower: New, "after the rollback");
        string back = await _database.DescribeAsync(isExact: true);
        Assert.Equal(Lines(exact).Where(line => !IsChanged(line)), Lines(back).Where(line => !IsChanged(line)));

        string before = await _database.DigestAsync(Table);
        check = await CheckAsync();
        await _conversion.OpenAsync("cutover", RunState.Watching);
        Assert.Equal(before, await _database.DigestAsync(Table));
        Assert.Equal(check, await CheckAsync());
        await CompareAsync(Table, Old, "after the second cut-over");

        ResumeUnlessOver();
        await _traffic.WorkAsync(Some);
        await _conversion.OpenAsync("finish", RunState.Finished);
        await _traffic.WorkAsync(Some);
        await _traffic.PauseAsync();
        await _traffic.AssertHealthyAsync();
        await AssertAroundAsync(around, "in the end");
        await _database.AssertNothingIsLeftAsync();
        await AssertRefusedAsync();
    }

    private async Task AssertRefusedAsync()
    {
        if (_case.Refused is { } refused)
        {
            PostgresException refusal = await Assert.ThrowsAsync<PostgresException>(() => WriteAsync(refused));
            Assert.Equal(PostgresErrorCodes.CheckViolation, refusal.SqlState);
        }
    }

    private async Task RefuseWithoutConsentAsync()
    {
        // Which consent the finding asks for is not for the case to know: it must be one of those that it gives.
        IReadOnlyList<Finding> obstacles = await _conversion.PlanAsync(_options, []);
        Finding? finding = obstacles.FirstOrDefault(finding => finding.Code == _case.Finding);
        Assert.True(finding is not null, Describe(obstacles));
        Assert.Contains(finding.ConsentFlag, _case.Allowed);
        await RefuseAsync([.. _case.Allowed.Where(flag => flag != finding.ConsentFlag)]);
    }

    private async Task StopAsync()
    {
        await StartAsync();
        RunEnd end = await _conversion.RunAsync();
        if (end.Outcome == OperationOutcome.Done)
        {
            await _conversion.AskToOpenAsync("cutover");
            end = await _conversion.RunAsync();
        }
        Assert.Equal(OperationOutcome.Failed, end.Outcome);
        await _traffic.WorkAsync(Some);
        await _traffic.PauseAsync();
        await _traffic.AssertHealthyAsync();
        await _conversion.RequestAsync("abort", RunState.Aborted);
        await _database.AssertNothingIsLeftAsync();
    }

    private async Task StartAsync()
    {
        _traffic.Resume();
        await _traffic.WorkAsync(Some);
        IReadOnlyList<Finding> obstacles = await _conversion.PlanAsync(_options, _case.Allowed);
        Assert.True(obstacles.Count == 0, Describe(obstacles));
    }

    private static string Describe(IEnumerable<Finding> obstacles) =>
        "in the way: "
        + string.Join(
            ", ",
            obstacles.Select(finding => $"{finding.Code} ({finding.Subject}, allow {finding.ConsentFlag ?? "nothing"})")
        );

    private void ResumeUnlessOver()
    {
        if (!_case.StopsAtCutOver)
        {
            _traffic.Resume();
        }
    }

    private async Task PauseAsync(QualifiedName leader, QualifiedName follower, string when)
    {
        await _traffic.PauseAsync();
        await _traffic.AssertHealthyAsync();
        await _conversion.TendAsync();
        await CompareAsync(leader, follower, when);
    }

    // An attached table has no follower: its file is the one that it had, and its partitions' bounds hold, although
    // nothing was read when it was attached.
    private async Task CompareAsync(QualifiedName leader, QualifiedName follower, string when)
    {
        if (_conversion.Layout.FirstPartition is null)
        {
            await _database.AssertEqualAsync(leader, follower, when);
            return;
        }
        string file = await _database.AskAsync($"SELECT pg_relation_filenode({_conversion.Layout.Oid}::oid)");
        Assert.Equal(_file ??= file, file);
        await _database.AssertBoundsAsync(_conversion.Layout.Oid, when);
    }

    private async Task<string?> CheckAsync() => _case.Check is null ? null : await _database.AskAsync(_case.Check);

    private async Task AssertAroundAsync(string around, string when)
    {
        string[] was = Lines(around);
        string[] now = Lines(await _database.DescribeAsync(isExact: false));
        IEnumerable<string> changes =
        [
            .. was.Except(now).Where(line => !IsMeant(line)).Select(line => $"- {line}"),
            .. now.Except(was).Where(line => !IsMeant(line)).Select(line => $"+ {line}"),
        ];
        Assert.True(!changes.Any(), $"changed {when}:\n{string.Join('\n', changes)}");
        Assert.True(_case.Adds is null || now.Any(line => line.Contains(_case.Adds)), $"{_case.Adds} is lost {when}");
        Assert.True(
            _case.Drops is null || !now.Any(line => line.Contains(_case.Drops)),
            $"{_case.Drops} is there {when}"
        );
    }

    // What the writes change themselves.
    private bool IsChanged(string line) =>
        (_case.Adds is { } added && line.Contains(added, StringComparison.Ordinal))
        || (_case.Drops is { } dropped && line.Contains(dropped, StringComparison.Ordinal));

    // That, and what the operator has allowed to change.
    private bool IsMeant(string line) =>
        IsChanged(line)
        || (
            _case.Allowed.Contains("drop-incoming-foreign-keys")
            && line.Contains("FOREIGN KEY", StringComparison.Ordinal)
        )
        || (
            _case.Allowed.Contains("key-not-null")
            && line.StartsWith($"column {Table.Name}.{_options.Request.Key} ", StringComparison.Ordinal)
        )
        // An index that some partitions lack is no valid one of the whole table.
        || (
            _options.Request.IndexesOnNewest is not null
            && line.StartsWith("index ", StringComparison.Ordinal)
            && line.Contains(" unique f ", StringComparison.Ordinal)
        );

    private async Task WriteAsync(string sql)
    {
        await using NpgsqlConnection app = await _database.OpenAppAsync(_stop);
        await CaseScript.RunTurnAsync(app, sql, 1, _stop);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
