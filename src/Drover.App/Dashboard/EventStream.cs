// Live values as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
using System.Buffers;
using System.IO.Pipelines;
using Drover.Telemetry.ControlPlane;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Drover.App.Dashboard;

/// <summary>
/// Writes each sample as one event <c>live</c>. There are at most <see cref="StreamsMax"/> streams; one whose reader
/// has not taken a sample within <see cref="WriteTimeout"/> is cut, and its browser comes back by itself.
/// </summary>
/// <param name="feed">The samples.</param>
/// <param name="logger">Topic web.</param>
internal sealed class EventStream(LiveFeed feed, ILogger logger)
{
    /// <summary>Streams at a time.</summary>
    public const int StreamsMax = 32;

    private int _streams;

    /// <summary>How long a reader may take for one sample.</summary>
    public required TimeSpan WriteTimeout { get; init; }

    /// <summary>Streams now.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Answers with a stream until the reader or the process goes.</summary>
    /// <param name="context">The request.</param>
    /// <param name="mayRead">Asked before each event: a session may end.</param>
    /// <param name="stopping">The process ends.</param>
    public async Task ServeAsync(HttpContext context, Func<bool> mayRead, CancellationToken stopping)
    {
        if (Interlocked.Increment(ref _streams) > StreamsMax)
        {
            Interlocked.Decrement(ref _streams);
            context.Response.Headers.RetryAfter = "10";
            await ErrorAnswer
                .WriteAsync(
                    context,
                    StatusCodes.Status503ServiceUnavailable,
                    $"{StreamsMax} streams are open already: close a page, or ask /api/v1/live now and then"
                )
                .ConfigureAwait(false);
            return;
        }
        using CancellationTokenSource gone = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted,
            stopping
        );
        try
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.Headers["X-Accel-Buffering"] = "no";
            await WriteAsync(context, feed.Current, gone.Token).ConfigureAwait(false);
            while (!gone.IsCancellationRequested)
            {
                LiveSnapshot next = await feed.NextAsync().WaitAsync(gone.Token).ConfigureAwait(false);
                if (!mayRead())
                {
                    return;
                }
                await WriteAsync(context, next, gone.Token).ConfigureAwait(false);
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException)
        {
            // The reader is gone, or is cut.
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private async Task WriteAsync(HttpContext context, LiveSnapshot snapshot, CancellationToken gone)
    {
        PipeWriter body = context.Response.BodyWriter;
        body.Write("retry: 3000\nevent: live\ndata: "u8);
        body.Write(snapshot.Json);
        body.Write("\n\n"u8);
        try
        {
            await body.FlushAsync(gone).AsTask().WaitAsync(WriteTimeout, gone).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            LogWeb.SlowReader(logger);
            context.Abort();
            throw new OperationCanceledException(gone);
        }
    }
}
