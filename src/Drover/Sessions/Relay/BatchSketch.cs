// What a run of client messages amounts to, for deciding whether it could be sent a second time unseen.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;

namespace Drover.Sessions.Relay;

/// <summary>Notes the messages of one turn, in order.</summary>
internal struct BatchSketch
{
    private bool _beginsWithBind;
    private bool _describesPortal;
    private bool _isEnded;
    private bool _isOther;
    private bool _hasBegun;

    /// <summary>
    /// One Bind at the start, its portal described, at most executed and closed, and one Sync at the end.
    /// </summary>
    public readonly bool MayRunAgain => _beginsWithBind && _describesPortal && _isEnded && !_isOther;

    public void Note(byte type, ReadOnlySpan<byte> body)
    {
        _isOther |= _isEnded;
        switch (type)
        {
            case FrontendType.Bind:
                _isOther |= _hasBegun;
                _beginsWithBind = true;
                break;
            case FrontendType.Describe or FrontendType.Close:
                bool isPortal = body.Length > 0 && body[0] == (byte)'P';
                _isOther |= !isPortal;
                _describesPortal |= isPortal && type == FrontendType.Describe;
                break;
            case FrontendType.Execute:
                break;
            case FrontendType.Sync:
                _isEnded = true;
                break;
            default:
                _isOther = true;
                break;
        }
        _hasBegun = true;
    }

    /// <summary>Whether a Bind fits a result of any number of columns: one format for all, or none.</summary>
    public static bool TakesAnyShape(Bind bind) =>
        BindParameters.TryRead(bind.Remainder, out BindParameters parameters) && parameters.ResultFormats.Count <= 1;

    /// <summary>The same of a batch that begins with the Bind.</summary>
    public static bool TakesAnyShape(ReadOnlySpan<byte> batch) =>
        MessageHeader.TryRead(batch, out MessageHeader header) == FrameStatus.Complete
        && header.Length <= batch.Length
        && Bind.TryRead(batch[MessageHeader.Size..header.Length], out Bind bind)
        && TakesAnyShape(bind);

    /// <summary>
    /// Whether the portal of a Bind is described before the next one or the batch's end, as far as is received.
    /// </summary>
    public static bool DescribesPortal(ReadOnlySpan<byte> behindBind)
    {
        while (MessageHeader.TryRead(behindBind, out MessageHeader header) == FrameStatus.Complete)
        {
            if (header.Type == FrontendType.Describe)
            {
                return behindBind.Length > MessageHeader.Size && behindBind[MessageHeader.Size] == (byte)'P';
            }
            if (header.Type != FrontendType.Flush || header.Length > behindBind.Length)
            {
                return false;
            }
            behindBind = behindBind[header.Length..];
        }
        return false;
    }
}
