// Secrets for users that do not exist, so that nobody can find out which ones do.
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Drover.Protocol.Authentication;

/// <summary>
/// Makes up secrets that no password fits. The same name gets the same salt as long as the process lives, as a real
/// user would. One per process.
/// </summary>
public sealed class ScramMock
{
    private readonly byte[] _processSecret;

    /// <summary>Creates a source with a random secret of its own.</summary>
    /// <param name="iterations">What made-up users claim: as most real ones have.</param>
    public ScramMock(int iterations = ScramSecret.IterationsDefault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        Iterations = iterations;
        _processSecret = RandomNumberGenerator.GetBytes(ScramSecret.KeyLength);
    }

    private ScramMock(byte[] processSecret, int iterations)
    {
        Iterations = iterations;
        _processSecret = processSecret;
    }

    /// <summary>The same salts with another count of rounds.</summary>
    public ScramMock With(int iterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        return new ScramMock(_processSecret, iterations);
    }

    /// <summary>The iteration count of made-up users, and of those whose password is stored in plain.</summary>
    public int Iterations { get; }

    /// <summary>
    /// Whether a name is among those drawn: <paramref name="drawn"/> of <paramref name="all"/> names are, and the same
    /// ones as long as the process lives. Nobody outside can tell which.
    /// </summary>
    public bool Draws(ReadOnlySpan<byte> user, int drawn, int all)
    {
        Span<byte> draw = stackalloc byte[sizeof(uint)];
        Expand("draw"u8, user, draw);
        return BinaryPrimitives.ReadUInt32BigEndian(draw) * (long)all < ((long)drawn << 32);
    }

    internal void SaltFor(ReadOnlySpan<byte> user, Span<byte> salt) => Expand("salt"u8, user, salt);

    internal ScramSecret SecretFor(ReadOnlySpan<byte> user)
    {
        byte[] salt = new byte[ScramSecret.SaltLength];
        byte[] storedKey = new byte[ScramSecret.KeyLength];
        byte[] serverKey = new byte[ScramSecret.KeyLength];
        SaltFor(user, salt);
        Expand("stored"u8, user, storedKey);
        Expand("server"u8, user, serverKey);
        return new ScramSecret(Iterations, salt, storedKey, serverKey);
    }

    private void Expand(ReadOnlySpan<byte> purpose, ReadOnlySpan<byte> user, Span<byte> target)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _processSecret);
        hash.AppendData(purpose);
        hash.AppendData(user);
        Span<byte> digest = stackalloc byte[ScramSecret.KeyLength];
        hash.GetHashAndReset(digest);
        digest[..target.Length].CopyTo(target);
    }
}
