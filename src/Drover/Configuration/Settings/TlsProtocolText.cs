// The spelling of TLS versions in settings.
namespace Drover.Configuration.Settings;

/// <summary>Reads and writes lists of TLS versions.</summary>
internal static class TlsProtocolText
{
    private static readonly (string Word, TlsProtocols Value)[] Names =
    [
        ("tlsv1.0", TlsProtocols.Tls10),
        ("tlsv1.1", TlsProtocols.Tls11),
        ("tlsv1.2", TlsProtocols.Tls12),
        ("tlsv1.3", TlsProtocols.Tls13),
        ("secure", TlsProtocols.Secure),
        ("default", TlsProtocols.Secure),
        ("all", TlsProtocols.All),
        ("legacy", TlsProtocols.All),
    ];

    /// <summary>Words with commas or colons between them; false when one is unknown or there is none.</summary>
    public static bool TryParse(string text, out TlsProtocols value)
    {
        value = TlsProtocols.None;
        foreach (
            string word in text.Split(
                [',', ':'],
                StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries
            )
        )
        {
            (string Word, TlsProtocols Value) found = Array.Find(
                Names,
                pair => pair.Word.Equals(word, StringComparison.OrdinalIgnoreCase)
            );
            if (found.Word is null)
            {
                return false;
            }
            value |= found.Value;
        }
        return value != TlsProtocols.None;
    }

    /// <summary>The short cut if there is one, else the names.</summary>
    public static string Format(TlsProtocols value) =>
        value switch
        {
            TlsProtocols.Secure => "secure",
            TlsProtocols.All => "all",
            _ => string.Join(',', Names.Take(4).Where(pair => value.HasFlag(pair.Value)).Select(pair => pair.Word)),
        };
}
