// What must hold for the web page before anybody is let near it.
using System.Net;

namespace Drover.Configuration;

/// <summary>Checks web_listen and what goes with it.</summary>
internal static class WebValidator
{
    /// <summary>Adds an error for everything that would leave the page open, or could not work.</summary>
    public static void Check(ConfigurationDraft draft)
    {
        WebOptions web = draft.Proxy.Web;
        if (web.WebListen.Length == 0)
        {
            return;
        }
        if (!ConfigurationValidator.IsEndpoint(web.WebListen))
        {
            draft.Error(
                draft.PlaceOf("web_listen"),
                $"web_listen: '{web.WebListen}' is not address:port: write for example 127.0.0.1:6480"
            );
            return;
        }
        if (web.WebTlsCertFile.Length == 0 != (web.WebTlsKeyFile.Length == 0))
        {
            string given = web.HasTls ? "web_tls_cert_file" : "web_tls_key_file";
            draft.Error(draft.PlaceOf(given), "web_tls_cert_file and web_tls_key_file go together: set both");
        }
        CheckFiles(draft, web);
        bool isForOthers = !IPAddress.IsLoopback(web.ToEndpoint().Address);
        if (isForOthers && (web.WebTokenFile.Length == 0 || !web.HasTls))
        {
            draft.Error(
                draft.PlaceOf("web_listen"),
                $"web_listen: {web.WebListen} can be reached from other machines, so it needs web_token_file, "
                    + "web_tls_cert_file and web_tls_key_file: set them, or listen on 127.0.0.1"
            );
        }
    }

    private static void CheckFiles(ConfigurationDraft draft, WebOptions web)
    {
        (string Name, string File)[] files =
        [
            ("web_token_file", web.WebTokenFile),
            ("web_tls_cert_file", web.WebTlsCertFile),
            ("web_tls_key_file", web.WebTlsKeyFile),
        ];
        foreach ((string name, string file) in files)
        {
            if (file.Length > 0 && !File.Exists(file))
            {
                draft.Error(draft.PlaceOf(name), $"{name}: there is no file '{file}'");
            }
        }
    }
}
