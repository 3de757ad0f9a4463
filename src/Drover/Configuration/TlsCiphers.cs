// Cipher suites as PgBouncer's settings name them: its words, and OpenSSL's patterns, expanded by OpenSSL itself.
using System.Net.Security;

namespace Drover.Configuration;

/// <summary>
/// Reads client_tls_ciphers and its kin (https://docs.openssl.org/3.0/man1/openssl-ciphers/). A security level in a
/// pattern (@SECLEVEL) is read, and the system's stays in force.
/// </summary>
internal static class TlsCiphers
{
    /// <summary>What is left of the system's choice when only the suites of TLS 1.3 are named.</summary>
    private const string Strong = "EECDH+AESGCM:EECDH+CHACHA20:EDH+AESGCM:EDH+CHACHA20:!DSS:!aNULL";

    private static readonly string[] SystemsChoice = ["default", "secure", "fast", "normal"];

    /// <summary>What is wrong with a setting; null when it selects something.</summary>
    public static string? FindProblem(string text, bool is13)
    {
        if (IsSystemsChoice(text))
        {
            return null;
        }
        if (!OpenSslCiphers.IsLoaded)
        {
            return $"there is no OpenSSL (libssl) to read '{text}' with: install it, or write 'default'";
        }
        return OpenSslCiphers.Expand(is13 ? null : PatternOf(text), is13 ? text : null) is null
            ? $"'{text}' selects no cipher suite: see `openssl ciphers`, "
                + "or leave the choice to the system with 'default'"
            : null;
    }

    /// <summary>
    /// What may be negotiated, in order; null leaves all to the system. When one of the two is left to the system and
    /// the other is not, it means the system's suites of TLS 1.3, and up to 1.2 those with forward secrecy and
    /// authenticated encryption.
    /// </summary>
    public static IReadOnlyList<TlsCipherSuite>? Read(string upto12, string of13) =>
        IsSystemsChoice(upto12) && IsSystemsChoice(of13)
            ? null
            : OpenSslCiphers.Expand(
                IsSystemsChoice(upto12) ? Strong : PatternOf(upto12),
                IsSystemsChoice(of13) ? null : of13
            ) ?? throw new InvalidOperationException($"no cipher suites: '{upto12}', '{of13}'");

    private static bool IsSystemsChoice(string text) =>
        text.Length == 0 || SystemsChoice.Contains(text, StringComparer.OrdinalIgnoreCase);

    /// <summary>PgBouncer's words stand for these patterns; they are not OpenSSL's words of the same name.</summary>
    private static string PatternOf(string text) =>
        text.ToUpperInvariant() switch
        {
            "COMPAT" or "LEGACY" => "HIGH:+3DES:!aNULL",
            "ALL" or "INSECURE" => "ALL:!aNULL:!eNULL",
            _ => text,
        };
}
