// A wire between Drover and the server that breaks at a COMMIT: when it is done and before anybody hears of it.
using System.Text;

namespace Drover.IntegrationTests.Operations;

/// <summary>The n-th COMMIT is done, and its answer thrown away with the connection.</summary>
internal sealed class CommitCutter(int serverPort, int commit) : WireRelay(() => serverPort)
{
    private static readonly byte[] s_commit = [(byte)'Q', 0, 0, 0, 11, .. Encoding.ASCII.GetBytes("COMMIT\0")];

    private int _commitsLeft = commit;

    protected override WireVerdict Judge(ReadOnlySpan<byte> bytes, Wire wire) =>
        bytes.IndexOf(s_commit) >= 0 && Interlocked.Decrement(ref _commitsLeft) == 0
            ? WireVerdict.CutAnswer
            : WireVerdict.Pass;
}
