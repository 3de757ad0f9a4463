// A few of the statements that clients run, as they come, for whoever looks at what they ask for.
using System.Threading.Channels;

namespace Drover.Telemetry.Statements;

/// <summary>A statement with its parameters. Never shown, logged or kept: it holds values of a client.</summary>
/// <param name="text">Its text, UTF-8, without a zero.</param>
/// <param name="bound">What follows the names in its Bind; empty where there is none.</param>
internal readonly struct StatementSample(byte[] text, byte[] bound)
{
    public byte[] Text { get; } = text;

    public byte[] Bound { get; } = bound;
}

/// <summary>
/// One in so many statements of a database. Loops put in, one reader takes out; where it is too slow, or a statement
/// too long, the sample is dropped and nobody waits.
/// </summary>
/// <param name="every">One in so many, on average; from 1.</param>
internal sealed class StatementSamples(int every)
{
    /// <summary>Samples that may wait: with their bytes at the most 16 MB, and a second of 50,000 statements.</summary>
    public const int WaitingMax = 500;

    /// <summary>Bytes of a text, and of a Bind, that are taken at the most: what a person writes is shorter.</summary>
    public const int BytesMax = 16 * 1024;

    private readonly Channel<StatementSample> _samples = Channel.CreateBounded<StatementSample>(
        new BoundedChannelOptions(WaitingMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true }
    );

    private long _dropped;

    /// <summary>One in so many.</summary>
    public int Every => every;

    /// <summary>Samples that found the queue full, or were too long; since the start.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>
    /// Counts a statement, on the loop whose counters these are, and says whether it is to be taken. The gaps are
    /// random, with the right mean, so that what clients run in turns is met in its proportion.
    /// </summary>
    public bool IsDue(TrafficCounters traffic)
    {
        if (--traffic.UnsampledLeft > 0)
        {
            return false;
        }
        traffic.UnsampledLeft = Random.Shared.Next(1, 2 * every);
        return true;
    }

    /// <summary>Takes one, or drops it; never waits.</summary>
    public void Take(ReadOnlySpan<byte> text, ReadOnlySpan<byte> bound)
    {
        bool isTaken =
            text.Length <= BytesMax
            && bound.Length <= BytesMax
            && _samples.Reader.Count < WaitingMax
            && _samples.Writer.TryWrite(new StatementSample(text.ToArray(), bound.ToArray()));
        if (!isTaken)
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>The next one; false if none waits.</summary>
    public bool TryRead(out StatementSample sample) => _samples.Reader.TryRead(out sample);
}
