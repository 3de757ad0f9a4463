// Cipher suites by the names that OpenSSL and the standards give them.
using System.Net.Security;

namespace Drover.Configuration;

/// <summary>
/// Reads client_tls_ciphers and its kin: names with colons, commas or blanks between them. OpenSSL's patterns
/// (HIGH:!aNULL) are not read: what they stand for depends on the library's version.
/// </summary>
internal static class TlsCipherNames
{
    private static readonly string[] SystemsChoice = ["default", "secure", "fast", "normal"];

    private static readonly (string Name, TlsCipherSuite Suite)[] Upto12 =
    [
        ("ECDHE-ECDSA-AES256-GCM-SHA384", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
        ("ECDHE-RSA-AES256-GCM-SHA384", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
        ("ECDHE-RSA-CHACHA20-POLY1305", TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        ("ECDHE-ECDSA-AES128-GCM-SHA256", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
        ("ECDHE-RSA-AES128-GCM-SHA256", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
        ("DHE-RSA-AES256-GCM-SHA384", TlsCipherSuite.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384),
        ("DHE-RSA-CHACHA20-POLY1305", TlsCipherSuite.TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
        ("DHE-RSA-AES128-GCM-SHA256", TlsCipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
        ("ECDHE-ECDSA-AES256-SHA384", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384),
        ("ECDHE-RSA-AES256-SHA384", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384),
        ("ECDHE-ECDSA-AES128-SHA256", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256),
        ("ECDHE-RSA-AES128-SHA256", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256),
        ("ECDHE-ECDSA-AES256-SHA", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA),
        ("ECDHE-RSA-AES256-SHA", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA),
        ("ECDHE-ECDSA-AES128-SHA", TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA),
        ("ECDHE-RSA-AES128-SHA", TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA),
        ("AES256-GCM-SHA384", TlsCipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384),
        ("AES128-GCM-SHA256", TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256),
        ("AES256-SHA256", TlsCipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA256),
        ("AES128-SHA256", TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA256),
        ("AES256-SHA", TlsCipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA),
        ("AES128-SHA", TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA),
    ];

    private static readonly (string Name, TlsCipherSuite Suite)[] Of13 =
    [
        ("TLS_AES_256_GCM_SHA384", TlsCipherSuite.TLS_AES_256_GCM_SHA384),
        ("TLS_CHACHA20_POLY1305_SHA256", TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256),
        ("TLS_AES_128_GCM_SHA256", TlsCipherSuite.TLS_AES_128_GCM_SHA256),
    ];

    /// <summary>The first word that names no suite; null when all do.</summary>
    public static string? FindUnknown(string text, bool is13) =>
        IsSystemsChoice(text) ? null : Array.Find(Words(text), word => Find(word, is13) is null);

    /// <summary>
    /// What may be negotiated, in order; null leaves all to the system. When one of the two is left to the system and
    /// the other is not, it means suites with forward secrecy and authenticated encryption.
    /// </summary>
    public static IReadOnlyList<TlsCipherSuite>? Read(string upto12, string of13)
    {
        if (IsSystemsChoice(upto12) && IsSystemsChoice(of13))
        {
            return null;
        }
        IEnumerable<TlsCipherSuite> new13 = IsSystemsChoice(of13)
            ? Of13.Select(static known => known.Suite)
            : Words(of13).Select(static word => Find(word, is13: true)).OfType<TlsCipherSuite>();
        IEnumerable<TlsCipherSuite> old = IsSystemsChoice(upto12)
            ? Upto12.Where(static known => IsStrong(known.Name)).Select(static known => known.Suite)
            : Words(upto12).Select(static word => Find(word, is13: false)).OfType<TlsCipherSuite>();
        return [.. new13, .. old];
    }

    private static bool IsStrong(string name) =>
        name.Contains("DHE-", StringComparison.Ordinal)
        && (name.Contains("-GCM-", StringComparison.Ordinal) || name.EndsWith("-POLY1305", StringComparison.Ordinal));

    private static bool IsSystemsChoice(string text) =>
        text.Length == 0 || SystemsChoice.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string[] Words(string text) =>
        text.Split([':', ',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static TlsCipherSuite? Find(string word, bool is13)
    {
        foreach ((string name, TlsCipherSuite suite) in is13 ? Of13 : Upto12)
        {
            if (
                word.Equals(name, StringComparison.OrdinalIgnoreCase)
                || word.Equals(suite.ToString(), StringComparison.OrdinalIgnoreCase)
            )
            {
                return suite;
            }
        }
        return null;
    }
}
