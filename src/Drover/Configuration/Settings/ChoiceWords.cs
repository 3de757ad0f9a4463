// The words of every choice, in both directions.
namespace Drover.Configuration.Settings;

/// <summary>The words for the values of an enum; the first word of a value is the one that is written.</summary>
internal sealed class ChoiceWords<TValue>(params (string Word, TValue Value)[] pairs)
    where TValue : struct, Enum
{
    /// <summary>All words.</summary>
    public TextList Words { get; } = TextList.Create([.. pairs.Select(pair => pair.Word)]);

    /// <summary>Reads a word; case does not matter.</summary>
    public bool TryParse(string text, out TValue value)
    {
        foreach ((string word, TValue candidate) in pairs)
        {
            if (word.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                value = candidate;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>The word for a value.</summary>
    public string Format(TValue value)
    {
        foreach ((string word, TValue candidate) in pairs)
        {
            if (EqualityComparer<TValue>.Default.Equals(candidate, value))
            {
                return word;
            }
        }
        throw new ArgumentOutOfRangeException(nameof(value), value, "has no word");
    }
}

/// <summary>The words of each choice.</summary>
internal static class Words
{
    public static readonly ChoiceWords<PoolMode> PoolModes = new(
        ("session", PoolMode.Session),
        ("transaction", PoolMode.Transaction),
        ("statement", PoolMode.Statement)
    );

    public static readonly ChoiceWords<TlsMode> TlsModes = new(
        ("disable", TlsMode.Disable),
        ("allow", TlsMode.Allow),
        ("prefer", TlsMode.Prefer),
        ("require", TlsMode.Require),
        ("verify-ca", TlsMode.VerifyCa),
        ("verify-full", TlsMode.VerifyFull)
    );

    public static readonly ChoiceWords<TlsNegotiation> TlsNegotiations = new(
        ("postgres", TlsNegotiation.Postgres),
        ("direct", TlsNegotiation.Direct)
    );

    public static readonly ChoiceWords<AuthType> AuthTypes = new(
        ("any", AuthType.Any),
        ("trust", AuthType.Trust),
        ("plain", AuthType.Plain),
        ("md5", AuthType.Md5),
        ("scram-sha-256", AuthType.ScramSha256),
        ("cert", AuthType.Cert),
        ("hba", AuthType.Hba),
        ("ldap", AuthType.Ldap),
        ("pam", AuthType.Pam)
    );

    public static readonly ChoiceWords<LoadBalanceHosts> LoadBalancing = new(
        ("round-robin", LoadBalanceHosts.RoundRobin),
        ("disable", LoadBalanceHosts.Disable)
    );

    public static readonly ChoiceWords<CrossShard> CrossShards = new(
        ("allow", CrossShard.Allow),
        ("warn", CrossShard.Warn),
        ("deny", CrossShard.Deny)
    );

    public static readonly ChoiceWords<KeyUpdate> KeyUpdates = new(
        ("error", KeyUpdate.Error),
        ("move", KeyUpdate.Move)
    );

    public static readonly ChoiceWords<EventLoopKind> EventLoops = new(
        ("auto", EventLoopKind.Auto),
        ("epoll", EventLoopKind.Epoll),
        ("portable", EventLoopKind.Portable)
    );
}
