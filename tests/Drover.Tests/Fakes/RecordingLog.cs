// Keeps what the proxy logs; what it logs as a defect of its own fails the test.
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Drover.Tests.Fakes;

internal sealed class RecordingLog : ILogger
{
    private const int LinesMax = 2000;

    public ConcurrentQueue<string> Lines { get; } = new();

    public ConcurrentQueue<string> Defects { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)}");
        while (Lines.Count > LinesMax)
        {
            Lines.TryDequeue(out _);
        }
        if (exception is not null)
        {
            Defects.Enqueue($"{formatter(state, exception)} {exception}");
        }
    }
}
