// Settings of the web page.
namespace Drover.Configuration.Settings;

/// <summary>Where the web page is, and who may see it.</summary>
internal static class WebSettings
{
    private static readonly SettingGroup<ProxyOptions, WebOptions> Web = new(o => o.Web, (o, g) => o with { Web = g });

    /// <summary>All of them; none changes while the process runs.</summary>
    public static Setting<ProxyOptions>[] All { get; } =
    [
        Own(
            Web.Text(
                "web_listen",
                g => g.WebListen,
                (g, v) => g with { WebListen = v },
                "address:port of the web page and its JSON interface, such as 127.0.0.1:6480; when empty there is "
                    + "none. An address that other machines reach needs web_token_file and web_tls_cert_file."
            )
        ),
        Own(
            Web.Text(
                "web_token_file",
                g => g.WebTokenFile,
                (g, v) => g with { WebTokenFile = v },
                "File whose first line is the token that the page asks for, of 16 characters or more, or its "
                    + "SCRAM-SHA-256 secret; when empty whoever reaches the page sees it."
            )
        ),
        Own(
            Web.Text(
                "web_tls_cert_file",
                g => g.WebTlsCertFile,
                (g, v) => g with { WebTlsCertFile = v },
                "Certificate of the web page, in PEM, with its chain. A changed file is read again by itself."
            )
        ),
        Own(
            Web.Text(
                "web_tls_key_file",
                g => g.WebTlsKeyFile,
                (g, v) => g with { WebTlsKeyFile = v },
                "Private key of the web page's certificate, in PEM."
            )
        ),
        Own(
            Web.List(
                "web_hosts",
                g => g.WebHosts,
                (g, v) => g with { WebHosts = v },
                "Host names that the page is reached by, beside localhost and addresses; others are refused."
            )
        ),
    ];

    private static Setting<ProxyOptions> Own(Setting<ProxyOptions> setting) =>
        setting with
        {
            Origin = SettingOrigin.Drover,
            Reload = SettingReload.Restart,
        };
}
