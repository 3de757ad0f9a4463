// Who has logged in to the page: random names in a cookie, known to this process only.
using System.Security.Cryptography;

namespace Drover.App.Dashboard;

/// <summary>Sessions end after <see cref="Lifetime"/>, with the process, or when newer ones need the room.</summary>
/// <param name="time">The clock.</param>
internal sealed class LoginSessions(TimeProvider time)
{
    /// <summary>Sessions that are kept.</summary>
    public const int SessionsMax = 256;

    /// <summary>How long one lasts, used or not.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private readonly Lock _gate = new();

    // By the hash of the name: the table tells nobody, through the time a look-up takes, how a name begins.
    private readonly Dictionary<string, long> _begun = [];

    /// <summary>Begins one; returns its name.</summary>
    public string Begin()
    {
        string name = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        lock (_gate)
        {
            if (_begun.Count >= SessionsMax)
            {
                _begun.Remove(_begun.MinBy(static one => one.Value).Key);
            }
            _begun[KeyOf(name)] = time.GetTimestamp();
        }
        return name;
    }

    /// <summary>Whether it lives.</summary>
    public bool Has(string name)
    {
        string key = KeyOf(name);
        lock (_gate)
        {
            if (!_begun.TryGetValue(key, out long begun))
            {
                return false;
            }
            if (time.GetElapsedTime(begun) < Lifetime)
            {
                return true;
            }
            _begun.Remove(key);
            return false;
        }
    }

    /// <summary>Ends it.</summary>
    public void End(string name)
    {
        lock (_gate)
        {
            _begun.Remove(KeyOf(name));
        }
    }

    private static string KeyOf(string name) =>
        Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
}
