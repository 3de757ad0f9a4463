// Which session a cancel request means.
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Drover.Sessions;

/// <summary>
/// Process ID and secret of every client. Outside session mode the process ID is the proxy's own invention: positive,
/// and unlike any other client's.
/// </summary>
internal sealed class CancelKeys
{
    private readonly ConcurrentDictionary<(int ProcessId, int Prefix), (byte[] Key, ICancellable Target)> _keys = new();

    /// <summary>Registers a client and gives its secret: 4 bytes, or 32 where the protocol allows (3.2).</summary>
    public byte[] Add(ref int processId, int keyLength, ICancellable target)
    {
        bool isOwn = processId == 0;
        for (; ; )
        {
            byte[] key = RandomNumberGenerator.GetBytes(keyLength);
            if (isOwn)
            {
                processId = RandomNumberGenerator.GetInt32(1, int.MaxValue);
            }
            if (_keys.TryAdd((processId, Prefix(key)), (key, target)))
            {
                return key;
            }
        }
    }

    public void Remove(int processId, ReadOnlySpan<byte> key)
    {
        if (key.Length >= sizeof(int))
        {
            _keys.TryRemove((processId, Prefix(key)), out _);
        }
    }

    public ICancellable? Find(int processId, ReadOnlySpan<byte> key) =>
        key.Length >= sizeof(int)
        && _keys.TryGetValue((processId, Prefix(key)), out (byte[] Key, ICancellable Target) found)
        && CryptographicOperations.FixedTimeEquals(found.Key, key)
            ? found.Target
            : null;

    private static int Prefix(ReadOnlySpan<byte> key) => BinaryPrimitives.ReadInt32BigEndian(key);
}

/// <summary>A client whose query can be cancelled.</summary>
internal interface ICancellable
{
    /// <summary>
    /// Cancels what it is doing; completes when the server has taken the request, or at once if there is nothing.
    /// </summary>
    Task CancelAsync(CancellationToken cancellationToken);
}
