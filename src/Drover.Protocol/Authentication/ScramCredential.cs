// What Drover logs in to servers with: a password, or the keys that a client's login has left.
namespace Drover.Protocol.Authentication;

/// <summary>
/// Gives the keys for a server's salt. Keys that were derived from a password are kept for the last salt and count
/// seen, so that a pool derives once and not for each connection. Safe for use from several threads.
/// </summary>
public sealed class ScramCredential
{
    private readonly byte[]? _password;
    private readonly ScramKeys? _keys;
    private Derived? _last;

    private ScramCredential(byte[]? password, ScramKeys? keys)
    {
        _password = password;
        _keys = keys;
    }

    /// <summary>From a password; a copy is kept.</summary>
    public static ScramCredential FromPassword(ReadOnlySpan<byte> password) => new(password.ToArray(), null);

    /// <summary>From keys, such as <see cref="ScramServer.Keys"/>; a copy is kept.</summary>
    public static ScramCredential FromKeys(ScramKeys keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return new ScramCredential(null, keys.Clone());
    }

    internal ScramKeys KeysFor(ReadOnlySpan<byte> salt, int iterations)
    {
        if (_keys is not null)
        {
            return _keys;
        }
        Derived? last = Volatile.Read(ref _last);
        if (last is null || last.Iterations != iterations || !salt.SequenceEqual(last.Salt))
        {
            last = new Derived(salt.ToArray(), iterations, ScramKeys.Derive(_password, salt, iterations));
            Volatile.Write(ref _last, last);
        }
        return last.Keys;
    }

    private sealed record Derived(byte[] Salt, int Iterations, ScramKeys Keys);
}
