// Puts the log together from the settings; the only logging provider there is.
using System.Collections.Concurrent;
using Drover.Configuration;
using Microsoft.Extensions.Logging;

namespace Drover.App.Hosting;

/// <summary>
/// Loggers whose category is a topic. What is logged changes with a reload: <see cref="Apply"/>. Fewer levels cost
/// nothing: the generated log methods ask first.
/// </summary>
internal sealed class LogSetup : ILoggerProvider, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TopicLogger> _loggers = new(StringComparer.Ordinal);
    private readonly LogWriter _writer;
    private readonly LogFormat _format;
    private readonly TimeProvider _time;
    private readonly int _processId;
    private volatile LogLevel _levelMin;

    /// <summary>Starts to log.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="format">The form of the lines.</param>
    /// <param name="console">Standard error; null: quiet.</param>
    /// <param name="time">The clock.</param>
    /// <param name="processId">Ours.</param>
    /// <exception cref="IOException">The log file cannot be opened.</exception>
    public LogSetup(LogOptions options, LogFormat format, Stream? console, TimeProvider time, int processId)
    {
        _format = format;
        _time = time;
        _processId = processId;
        _levelMin = LevelOf(options);
        _writer = new LogWriter(console, options.Logfile, Syslog(options, processId), DroppedLine);
        LoggerFilterOptions everything = new() { MinLevel = LogLevel.Trace };
        // The web server's own lines are of no use to an operator unless something is wrong.
        everything.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));
        Loggers = new LoggerFactory([this], everything);
    }

    /// <summary>Where components get their loggers.</summary>
    public ILoggerFactory Loggers { get; }

    /// <summary>Takes changed settings into force and opens the log file again: for RELOAD and SIGHUP.</summary>
    public void Apply(LogOptions options)
    {
        _levelMin = LevelOf(options);
        _writer.Reopen(options.Logfile);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, setup) => new TopicLogger(setup, name), this);

    /// <summary>
    /// Nothing: the writer is owned by <see cref="DisposeAsync"/>, so that the last lines are not lost.
    /// </summary>
    public void Dispose() { }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Loggers.Dispose();
        await _writer.DisposeAsync().ConfigureAwait(false);
    }

    private static LogLevel LevelOf(LogOptions options) =>
        options.Verbose switch
        {
            <= 0 => LogLevel.Information,
            1 => LogLevel.Debug,
            _ => LogLevel.Trace,
        };

    private static SyslogSocket? Syslog(LogOptions options, int processId) =>
        options.Syslog
            ? new SyslogSocket(SyslogSocket.DefaultPath, options.SyslogIdent, options.SyslogFacility, processId)
            : null;

    private QueuedLine DroppedLine(long lines) =>
        Queued(
            new LogEntry
            {
                Time = _time.GetUtcNow(),
                Level = LogLevel.Warning,
                Category = "lifecycle",
                EventId = new EventId(5010, nameof(Telemetry.LogLifecycle.LinesDropped)),
                Message = $"{lines} log line(s) were dropped: the log's reader or disk is too slow",
            }
        );

    private QueuedLine Queued(in LogEntry entry) =>
        new(LogLine.Make(_format, _processId, entry), LogLine.OnOneLine(entry.Message), entry.Level);

    private sealed class TopicLogger(LogSetup setup, string topic) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= setup._levelMin && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }
            LogEntry entry = new()
            {
                Time = setup._time.GetUtcNow(),
                Level = logLevel,
                Category = topic,
                EventId = eventId,
                Message = formatter(state, exception),
                Exception = exception,
                Values = state as IReadOnlyList<KeyValuePair<string, object?>>,
            };
            setup._writer.Write(setup.Queued(entry));
        }
    }
}
