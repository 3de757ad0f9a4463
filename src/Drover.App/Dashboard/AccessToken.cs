// The token that the page asks for, as its file holds it.
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Drover.Protocol.Authentication;

namespace Drover.App.Dashboard;

/// <summary>Checks tokens in constant time. Never printed.</summary>
internal sealed class AccessToken
{
    /// <summary>Characters of a token in plain; of a secret nobody can tell.</summary>
    public const int LengthMin = 16;

    /// <summary>Characters that are looked at.</summary>
    public const int LengthMax = 512;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly PasswordSecret _secret;
    private readonly ScramMock _mock = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private byte[]? _accepted;

    private AccessToken(PasswordSecret secret) => _secret = secret;

    /// <summary>Reads the first line of the file.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="token">The token.</param>
    /// <param name="problem">Why it will not do, and what to do.</param>
    public static bool TryLoad(
        string file,
        [NotNullWhen(true)] out AccessToken? token,
        [NotNullWhen(false)] out string? problem
    )
    {
        token = null;
        string line;
        UnixFileMode mode;
        try
        {
            mode = File.GetUnixFileMode(file);
            line = File.ReadLines(file).FirstOrDefault("").Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = $"web_token_file: {failure.Message}";
            return false;
        }
        PasswordSecret parsed = PasswordSecret.Parse(line);
        bool isPlain = parsed.Kind != PasswordSecretKind.ScramSha256;
        problem =
            !isPlain ? null
            : line.Length is < LengthMin or > LengthMax
                ? $"web_token_file: the token in {file} has {line.Length} characters, {LengthMin} to {LengthMax} will "
                    + "do: make one with openssl rand -hex 32"
            : (mode & Others) != 0 ? $"web_token_file: others can read {file}: chmod 600 {file}"
            : null;
        token = new AccessToken(isPlain ? PasswordSecret.FromPlain(Encoding.UTF8.GetBytes(line)) : parsed);
        return problem is null;
    }

    /// <summary>Whether it is the token. A wrong one costs as much as a right one seen for the first time.</summary>
    public bool Accepts(string given)
    {
        if (given.Length is 0 or > LengthMax)
        {
            return false;
        }
        byte[] bytes = Encoding.UTF8.GetBytes(given);
        byte[] hash = HMACSHA256.HashData(_key, bytes);
        // Programs send it with every request: what was right once is known again without its 4,096 rounds.
        if (_accepted is { } accepted && CryptographicOperations.FixedTimeEquals(accepted, hash))
        {
            return true;
        }
        bool isRight = PasswordSecret.VerifyPlain(_secret, "drover"u8, bytes, _mock);
        if (isRight)
        {
            _accepted = hash;
        }
        return isRight;
    }
}
