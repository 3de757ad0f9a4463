// The command line's limits of load and of batches.
using System.CommandLine;
using System.Globalization;
using Drover.Operations;
using Drover.Operations.Running;

namespace Drover.App.Commands.Runs;

/// <summary>Options that say how hard a run may work. They are for this runner; they are not journaled.</summary>
internal sealed class ThrottleOptions
{
    private static readonly ThrottleLimits s_load = new();
    private static readonly OperationLimits s_limits = new();

    private readonly Option<bool> _none = new("--no-throttle")
    {
        Description = "No limit and no rests: as fast as the server can.",
    };

    private readonly Option<double> _duty = new("--duty")
    {
        Description = "Share of the time that batches may take, from 0.01 to 1.",
        DefaultValueFactory = _ => s_load.Duty,
    };

    private readonly Option<double> _lagMb = Number(
        "--max-lag-mb",
        "WAL that a standby may have to replay, in MB; 0: no limit.",
        s_load.ReplicationLagBytesMax!.Value / 1048576.0
    );

    private readonly Option<double> _lagSeconds = Number(
        "--max-lag-seconds",
        "The same in seconds; 0: no limit.",
        s_load.ReplicationLagMax!.Value.TotalSeconds
    );

    private readonly Option<double> _latency = Number(
        "--max-commit-factor",
        "How many times its normal duration a commit may take; 0: no limit.",
        s_load.CommitLatencyFactorMax!.Value
    );

    private readonly Option<double> _walMb = Number(
        "--max-wal-mb",
        "WAL that the server may write per second, in MB; 0: no limit.",
        0
    );

    private readonly Option<int> _sessions = new("--max-active")
    {
        Description = "Sessions that may be at work besides Drover's; 0: no limit.",
        DefaultValueFactory = _ => 0,
    };

    private readonly Option<double> _batchMs = Number(
        "--batch-ms",
        "How long one batch should take, in milliseconds; with --no-throttle 100 if it is not given.",
        s_limits.BatchTarget.TotalMilliseconds
    );

    private readonly Option<long> _batchRows = new("--batch-rows")
    {
        Description = "The most rows of one batch.",
        DefaultValueFactory = _ => s_limits.BatchRowsMax,
    };

    private readonly Option<double> _lockMs = Number(
        "--lock-timeout-ms",
        "lock_timeout of the first attempts, in milliseconds.",
        s_limits.LockTimeout.TotalMilliseconds
    );

    private readonly Option<double> _lockMsMax = Number(
        "--lock-timeout-max-ms",
        "lock_timeout of later attempts grows up to this, in milliseconds.",
        s_limits.LockTimeoutMax.TotalMilliseconds
    );

    private readonly Option<int> _lockAttempts = new("--lock-attempts")
    {
        Description = "Attempts at locks before a step gives up.",
        DefaultValueFactory = _ => s_limits.LockAttemptsMax,
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        _duty.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.01 and <= 1))
            {
                result.AddError("--duty is from 0.01 to 1");
            }
        });
        foreach (
            Option option in (Option[])
                [
                    _none,
                    _duty,
                    _lagMb,
                    _lagSeconds,
                    _latency,
                    _walMb,
                    _sessions,
                    _batchMs,
                    _batchRows,
                    _lockMs,
                    _lockMsMax,
                    _lockAttempts,
                ]
        )
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was given.</summary>
    public RunnerOptions Read(ParseResult parsed)
    {
        ThrottleLimits load = new()
        {
            Duty = parsed.GetValue(_duty),
            ReplicationLagBytesMax = Megabytes(parsed.GetValue(_lagMb)),
            ReplicationLagMax = parsed.GetValue(_lagSeconds) is > 0 and var lag ? TimeSpan.FromSeconds(lag) : null,
            CommitLatencyFactorMax = parsed.GetValue(_latency) is > 0 and var factor ? factor : null,
            WalBytesPerSecondMax = Megabytes(parsed.GetValue(_walMb)),
            ActiveSessionsMax = parsed.GetValue(_sessions) is > 0 and var active ? active : null,
        };
        bool isUnthrottled = parsed.GetValue(_none);
        bool isTargetGiven = parsed.GetResult(_batchMs) is { Implicit: false };
        return new RunnerOptions
        {
            Throttle = isUnthrottled ? ThrottleLimits.None : load,
            Limits = s_limits with
            {
                BatchTarget =
                    isUnthrottled && !isTargetGiven
                        ? s_limits.BatchTargetUnthrottled
                        : TimeSpan.FromMilliseconds(parsed.GetValue(_batchMs)),
                BatchRowsMax = parsed.GetValue(_batchRows),
                LockTimeout = TimeSpan.FromMilliseconds(parsed.GetValue(_lockMs)),
                LockTimeoutMax = TimeSpan.FromMilliseconds(parsed.GetValue(_lockMsMax)),
                LockAttemptsMax = parsed.GetValue(_lockAttempts),
            },
        };
    }

    private static long? Megabytes(double given) => given > 0 ? (long)(given * 1048576) : null;

    private static Option<double> Number(string name, string description, double value)
    {
        Option<double> option = new(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is < 0 or > 1e9)
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is not below 0"));
            }
        });
        return option;
    }
}
