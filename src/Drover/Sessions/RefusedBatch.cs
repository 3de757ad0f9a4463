// Passing over a batch that was answered with an error before any server had it.
using Drover.Protocol.Framing;

namespace Drover.Sessions;

/// <summary>Skips as PostgreSQL does: a simple query ends with itself, anything else with the next Sync.</summary>
internal sealed class RefusedBatch
{
    private bool _isSimple;
    private bool _endsHere;
    private long _rest;

    public bool IsActive { get; private set; }

    public void Begin(ReadOnlySpan<byte> data)
    {
        IsActive = true;
        _rest = 0;
        _isSimple = data.Length > 0 && data[0] is (FrontendType.Query or FrontendType.FunctionCall);
    }

    /// <summary>
    /// How many of these bytes belong to the batch. Once its end is among them it is no longer active.
    /// </summary>
    public int Skip(ReadOnlySpan<byte> data)
    {
        int position = 0;
        while (IsActive)
        {
            if (_rest > 0)
            {
                int skipped = (int)Math.Min(_rest, data.Length - position);
                _rest -= skipped;
                position += skipped;
                if (_rest > 0)
                {
                    return position;
                }
                IsActive = !_endsHere;
                continue;
            }
            if (MessageHeader.TryRead(data[position..], out MessageHeader header) != FrameStatus.Complete)
            {
                return position;
            }
            _rest = header.Length;
            _endsHere = _isSimple || header.Type == FrontendType.Sync;
        }
        return position;
    }
}
