// A batch that can be sent again as if nothing had happened.
namespace Drover.Pooling.Statements;

/// <summary>
/// Bytes of a batch that binds one shared statement and describes its portal, outside a transaction. When the Bind
/// fails since the statement's tables have changed, nothing has run and the client has seen nothing, so the batch may
/// run anew.
/// </summary>
internal sealed class RetainedBatch
{
    /// <summary>Longest batch kept; a longer one gets PostgreSQL's error.</summary>
    public const int BytesMax = 8 * 1024;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public bool Exists => _length > 0;

    public void Keep(ReadOnlySpan<byte> batch)
    {
        if (_bytes.Length < batch.Length)
        {
            _bytes = new byte[Math.Min(BytesMax, batch.Length * 2)];
        }
        batch.CopyTo(_bytes);
        _length = batch.Length;
    }

    public void Drop() => _length = 0;
}
