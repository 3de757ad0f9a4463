// Bounds how often a token may be guessed.
using System.Net;

namespace Drover.App.Dashboard;

/// <summary>
/// Counts failures in windows of a minute: by address, and over all addresses, for one who has many. Memory is bounded:
/// when the table of addresses is full, its oldest window makes room.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class LoginLimit(TimeProvider time)
{
    /// <summary>Failures of one address in a minute.</summary>
    public const int AddressMax = 5;

    /// <summary>Failures of all addresses in a minute.</summary>
    public const int TotalMax = 50;

    private const int AddressesMax = 1024;

    /// <summary>The length of a window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Count> _byAddress = [];
    private Count _total;

    private readonly record struct Count(long Since, int Failures);

    /// <summary>Whether this address may try now.</summary>
    public bool IsOpen(IPAddress address)
    {
        lock (_gate)
        {
            return Current(_total).Failures < TotalMax
                && Current(_byAddress.GetValueOrDefault(KeyOf(address))).Failures < AddressMax;
        }
    }

    /// <summary>Notes a wrong token.</summary>
    public void Fail(IPAddress address)
    {
        IPAddress key = KeyOf(address);
        lock (_gate)
        {
            if (_byAddress.Count >= AddressesMax && !_byAddress.ContainsKey(key))
            {
                _byAddress.Remove(_byAddress.MinBy(static one => one.Value.Since).Key);
            }
            _byAddress[key] = Add(_byAddress.GetValueOrDefault(key));
            _total = Add(_total);
        }
    }

    private Count Add(Count count)
    {
        Count current = Current(count);
        return current with { Failures = current.Failures + 1 };
    }

    private Count Current(Count count) =>
        count.Failures == 0 || time.GetElapsedTime(count.Since) >= Window ? new Count(time.GetTimestamp(), 0) : count;

    // Whoever has one address of IPv6 has a /64 of them.
    private static IPAddress KeyOf(IPAddress address)
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
