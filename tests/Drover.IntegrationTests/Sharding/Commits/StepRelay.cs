// A wire between the proxy and one server at which something happens when a chosen message comes by.
using System.Text;
using Drover.IntegrationTests.Operations;

namespace Drover.IntegrationTests.Sharding.Commits;

/// <summary>Armed by the test, for one message; it passes on everything else.</summary>
internal sealed class StepRelay(Func<int> serverPort) : WireRelay(serverPort)
{
    private Trap? _trap;
    private Trap? _cut;

    /// <summary>Waits for a message with this text; the task ends when what is to happen then has.</summary>
    /// <param name="text">What is in it.</param>
    /// <param name="verdict">What becomes of it.</param>
    /// <param name="act">Done when the wire is cut; where it is not, before the message goes on.</param>
    /// <param name="instead">A query that goes to the server in its place.</param>
    public Task ArmAsync(string text, WireVerdict verdict, Func<Task> act, string? instead = null)
    {
        Trap trap = new(Encoding.ASCII.GetBytes(text), verdict, act, instead);
        Volatile.Write(ref _trap, trap);
        return trap.Done.Task;
    }

    protected override WireVerdict Judge(ReadOnlySpan<byte> bytes, Wire wire)
    {
        if (
            Volatile.Read(ref _trap) is not { Instead: null } trap
            || bytes.IndexOf(trap.Text) < 0
            || Interlocked.CompareExchange(ref _trap, null, trap) != trap
        )
        {
            return WireVerdict.Pass;
        }
        if (trap.Verdict == WireVerdict.Pass)
        {
            _ = trap.CloseAsync();
        }
        else
        {
            _cut = trap;
        }
        return trap.Verdict;
    }

    protected override ReadOnlyMemory<byte> Rewrite(ReadOnlyMemory<byte> bytes)
    {
        if (Volatile.Read(ref _trap) is not { Instead: { } instead } trap || bytes.Span.IndexOf(trap.Text) < 0)
        {
            return bytes;
        }
        Volatile.Write(ref _trap, null);
        _ = trap.CloseAsync();
        return (byte[])[(byte)'Q', 0, 0, 0, (byte)(instead.Length + 5), .. Encoding.ASCII.GetBytes(instead), 0];
    }

    protected override void OnCut() => _ = Interlocked.Exchange(ref _cut, null)?.CloseAsync();

    private sealed record Trap(byte[] Text, WireVerdict Verdict, Func<Task> Act, string? Instead)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>What kills has sent its signals when this comes back, and the victim ends.</summary>
        public async Task CloseAsync()
        {
            try
            {
                await Act();
                Done.SetResult();
            }
            catch (Exception failure)
            {
                Done.SetException(failure);
            }
        }
    }
}
