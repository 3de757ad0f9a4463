// Bounds how often a token may be guessed.
using System.Net;

namespace Drover.App.Dashboard;

/// <summary>
/// Counts failures of each address in windows of a minute. Only failures are held up: a right token is answered at
/// once, whoever else has guessed behind the same tunnel. Memory is bounded: when the table of addresses is full, its
/// oldest window makes room.
/// </summary>
/// <remarks>
/// What bounds guessing is <see cref="Delay"/> times the requests that one address may have under way (connections,
/// and streams of each): two hundred a second. Against 16 characters and more that is nothing.
/// </remarks>
/// <param name="time">The clock.</param>
internal sealed class LoginLimit(TimeProvider time)
{
    /// <summary>Failures of one address in a minute that are answered at once.</summary>
    public const int AddressMax = 5;

    private const int AddressesMax = 1024;

    /// <summary>The length of a window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>How long the answer to one failure too many is held up.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Count> _byAddress = [];

    private readonly record struct Count(long Since, int Failures, int Untold);

    /// <summary>Notes a wrong token; how long its answer waits.</summary>
    /// <param name="address">Who sent it.</param>
    /// <param name="toTell">
    /// How many a line of the log stands for: at the first of a window all since the line before, else 0.
    /// </param>
    public TimeSpan Fail(IPAddress address, out int toTell)
    {
        IPAddress key = KeyOf(address);
        lock (_gate)
        {
            if (_byAddress.Count >= AddressesMax && !_byAddress.ContainsKey(key))
            {
                _byAddress.Remove(_byAddress.MinBy(static one => one.Value.Since).Key);
            }
            Count count = Add(_byAddress.GetValueOrDefault(key));
            toTell = count.Failures == 1 ? count.Untold : 0;
            _byAddress[key] = toTell > 0 ? count with { Untold = 0 } : count;
            return count.Failures > AddressMax ? Delay : TimeSpan.Zero;
        }
    }

    private Count Add(Count count)
    {
        Count current = Current(count);
        return current with { Failures = current.Failures + 1, Untold = current.Untold + 1 };
    }

    private Count Current(Count count) =>
        count.Failures == 0 || time.GetElapsedTime(count.Since) >= Window
            ? new Count(time.GetTimestamp(), 0, count.Untold)
            : count;

    /// <summary>Whoever has one address of IPv6 has a /64 of them.</summary>
    public static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
        {
            bytes.AsSpan(8).Clear();
            return new IPAddress(bytes);
        }
        return address;
    }
}
