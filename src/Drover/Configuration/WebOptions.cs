// Where the web page is, and who may see it.
using System.Globalization;
using System.Net;

namespace Drover.Configuration;

/// <summary>Drover: the web page and its JSON interface.</summary>
internal sealed record WebOptions
{
    /// <summary><c>address:port</c>; empty: off.</summary>
    public string WebListen { get; init; } = "";

    /// <summary>File of the token that is asked for; empty: none is.</summary>
    public string WebTokenFile { get; init; } = "";

    /// <summary>Certificate with its chain, in PEM; empty: no TLS.</summary>
    public string WebTlsCertFile { get; init; } = "";

    /// <summary>The certificate's private key, in PEM.</summary>
    public string WebTlsKeyFile { get; init; } = "";

    /// <summary>Names that it is reached by, beside <c>localhost</c> and addresses.</summary>
    public TextList WebHosts { get; init; } = TextList.Empty;

    /// <summary>Whether it speaks TLS.</summary>
    public bool HasTls => WebTlsCertFile.Length > 0;

    /// <summary>The address of a <see cref="WebListen"/> that the validator has passed.</summary>
    public IPEndPoint ToEndpoint()
    {
        int colon = WebListen.LastIndexOf(':');
        int port = int.Parse(WebListen.AsSpan(colon + 1), CultureInfo.InvariantCulture);
        return WebListen[..colon] switch
        {
            "" or "*" => new IPEndPoint(IPAddress.IPv6Any, port),
            "localhost" => new IPEndPoint(IPAddress.Loopback, port),
            string address => new IPEndPoint(IPAddress.Parse(address.Trim('[', ']')), port),
        };
    }
}
